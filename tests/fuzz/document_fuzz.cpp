// Any bytes into the JSON parser, and what it accepts into the reader of a struct: either a value
// or an InputError whose problems all have a place; nothing else, and soon.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "planner/spec/json_io.hpp"
#include "tests/spec/every_type.hpp"

namespace {

void require(bool is_so) {
  if (!is_so) std::abort();
}

// Every node of the tree is where find() says.
void check_places(const reckon::Document& document, const reckon::JsonNode& node, int depth) {
  require(depth <= 64);
  require(document.position(node.offset).line > 0);
  require(!document.describe(node).empty());
  if (const auto* array = std::get_if<reckon::JsonNode::Array>(&node.value)) {
    for (const reckon::JsonNode& element : *array) {
      require(element.offset > node.offset);
      check_places(document, element, depth + 1);
    }
  } else if (const auto* object = std::get_if<reckon::JsonNode::Object>(&node.value)) {
    for (const reckon::JsonMember& member : *object) {
      require(member.key_offset > node.offset && member.value.offset > member.key_offset);
      check_places(document, member.value, depth + 1);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using reckon::test::EveryType;
  const std::string text(data, data + size);
  try {
    const reckon::Document document = reckon::parse_document(text, "fuzz.json");
    check_places(document, document.root(), 0);
    const auto value = reckon::read<EveryType>(document, "");
    const std::string written = reckon::write(value, "").dump();
    const auto again = reckon::read<EveryType>(reckon::parse_document(written, "again.json"), "");
    require(again.layers == value.layers && again.parameters == value.parameters);
    require(again.seed == value.seed && again.name == value.name && again.sizes == value.sizes);
    require(again.labels == value.labels && again.links.size() == value.links.size());
  } catch (const reckon::InputError& error) {
    require(!error.problems.empty());
    for (const reckon::Problem& problem : error.problems) {
      require(problem.file == "fuzz.json" && problem.line > 0 && problem.column > 0);
      require(!problem.message.empty());
    }
  }
  return 0;
}
