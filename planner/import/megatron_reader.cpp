#include "planner/import/megatron_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "planner/import/megatron_flags.hpp"
#include "planner/spec/fields.hpp"

namespace reckon {
namespace {

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    if (!text.empty()) text += ' ';
    text += value;
  }
  return printable(text, 200);
}

std::string what_it_is(const std::vector<std::string>& values) {
  const std::string text = joined(values);
  const bool is_unset = text.find("${") != std::string::npos;
  return in_quotes(text) + (is_unset ? ", a variable that the file does not set" : "");
}

}  // namespace

std::string as_flag(std::string_view name) {
  std::string flag = "--" + printable(name);
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

MegatronReader::MegatronReader(const MegatronArguments& arguments, std::string file,
                               ImportReport& report)
    : file_(std::move(file)), report_(report), is_dump_(arguments.carrier == MegatronCarrier::log) {
  for (const MegatronArgument& argument : arguments.list) {
    // As in argparse, the last word on an argument counts.
    if (Entry* earlier = find(argument.name)) {
      report_.ignored.push_back(
          {printable(argument.name), joined(earlier->argument->values), "given again later"});
      earlier->argument = &argument;
    } else {
      entries_.push_back({&argument, false});
    }
  }
}

// What does nothing. A dump has empty lists and zeros of all that is not used, too.
bool MegatronReader::is_off(const MegatronArgument& argument) const {
  if (argument.values.size() != 1) return false;
  const std::string& value = argument.values[0];
  if (value == "false" || value == "none") return true;
  return is_dump_ && (value.empty() || value == "[]" || value == "0" || value == "0.0");
}

MegatronReader::Entry* MegatronReader::find(std::string_view name) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [name](const Entry& entry) {
    return entry.argument->name == name;
  });
  return found != entries_.end() ? &*found : nullptr;
}
const MegatronReader::Entry* MegatronReader::find(std::string_view name) const {
  return const_cast<MegatronReader*>(this)->find(name);
}

bool MegatronReader::has(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return false;
  const std::vector<std::string>& values = entry->argument->values;
  return !(values.size() == 1 && (values[0] == "false" || values[0] == "none"));
}

const MegatronArgument* MegatronReader::take(std::string_view name) {
  asked_.push_back(name);
  Entry* entry = find(name);
  if (entry == nullptr) return nullptr;
  const bool given = has(name);
  if (!given && !entry->taken) {
    report_.ignored.push_back({printable(name), joined(entry->argument->values), "off"});
  }
  entry->taken = true;
  return given ? entry->argument : nullptr;
}

void MegatronReader::log(std::string_view name, const MegatronArgument* argument,
                         std::string_view field, std::string value) {
  report_.interpreted.push_back({std::string(name),
                                 argument == nullptr ? absent : joined(argument->values),
                                 std::string(field), std::move(value)});
}

void MegatronReader::problem(std::string_view name, std::string message) {
  const Entry* entry = find(name);
  problems_.push_back(
      {file_, entry == nullptr ? 0 : entry->argument->line, 0, as_flag(name), std::move(message)});
}

std::optional<int> MegatronReader::integer(std::string_view name, std::string_view field,
                                           int least) {
  const MegatronArgument* argument = take(name);
  if (argument == nullptr) return std::nullopt;
  int value = 0;
  bool is_number = argument->values.size() == 1;
  if (is_number) {
    const std::string& text = argument->values[0];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    is_number = error == std::errc() && end == text.data() + text.size() && value >= least;
  }
  if (!is_number) {
    problem(name, "expected an integer of at least " + std::to_string(least) + ", got " +
                      what_it_is(argument->values));
    return std::nullopt;
  }
  log(name, argument, field, std::to_string(value));
  return value;
}

int MegatronReader::integer_or(std::string_view name, std::string_view field, int otherwise,
                               int least) {
  const bool given = has(name);
  const std::optional<int> value = integer(name, field, least);
  if (!given) log(name, nullptr, field, std::to_string(otherwise));
  return value.value_or(otherwise);
}

bool MegatronReader::flag(std::string_view name, std::string_view field, std::string_view value) {
  const MegatronArgument* argument = take(name);
  if (argument == nullptr) return false;
  if (argument->values != std::vector<std::string>{"true"}) {
    problem(name, "takes no value, got " + what_it_is(argument->values));
    return false;
  }
  log(name, argument, field, std::string(value));
  return true;
}

std::optional<bool> MegatronReader::toggle(std::string_view name, std::string_view field) {
  asked_.push_back(name);
  Entry* entry = find(name);
  if (entry == nullptr) return std::nullopt;
  const std::vector<std::string>& values = entry->argument->values;
  if (values.size() != 1 || (values[0] != "true" && values[0] != "false")) {
    problem(name, "expected True or False, got " + what_it_is(values));
    return std::nullopt;
  }
  entry->taken = true;
  log(name, entry->argument, field, values[0]);
  return values[0] == "true";
}

std::optional<double> MegatronReader::number(std::string_view name, std::string_view field) {
  const MegatronArgument* argument = take(name);
  if (argument == nullptr) return std::nullopt;
  double value = 0;
  bool is_number = argument->values.size() == 1;
  if (is_number) {
    const std::string& text = argument->values[0];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    is_number =
        error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1e18;
  }
  if (!is_number) {
    problem(name, "expected a number, got " + what_it_is(argument->values));
    return std::nullopt;
  }
  log(name, argument, field, joined(argument->values));
  return value;
}

std::string MegatronReader::word_or(std::string_view name, std::string_view field,
                                    std::string_view otherwise) {
  const MegatronArgument* argument = take(name);
  if (argument != nullptr && argument->values.size() != 1) {
    problem(name, "expected one word, got " + what_it_is(argument->values));
    return std::string(otherwise);
  }
  std::string value(otherwise);
  if (argument != nullptr) value = argument->values[0];
  log(name, argument, field, printable(value));
  return value;
}

std::vector<std::string> MegatronReader::words(std::string_view name, std::string_view field) {
  const MegatronArgument* argument = take(name);
  if (argument == nullptr) return {};
  log(name, argument, field, joined(argument->values));
  return argument->values;
}

void MegatronReader::derived(std::string_view from, std::string_view field, std::string value) {
  report_.interpreted.push_back(
      {std::string(from), "derived", std::string(field), std::move(value)});
}
void MegatronReader::derived(std::string_view from, std::string_view field, int value) {
  derived(from, field, std::to_string(value));
}

void MegatronReader::ignore(std::string_view name, std::string reason) {
  asked_.push_back(name);
  Entry* entry = find(name);
  if (entry == nullptr || entry->taken) return;
  entry->taken = true;
  report_.ignored.push_back({printable(name), joined(entry->argument->values), std::move(reason)});
}

void MegatronReader::finish() {
  for (const Entry& entry : entries_) {
    if (entry.taken) continue;
    const MegatronArgument& argument = *entry.argument;
    const std::string_view refused = why_refused(argument.name);
    std::string_view reason = refused.empty() ? why_harmless(argument.name) : std::string_view();
    if (is_off(argument)) reason = "off";
    if (!reason.empty()) {
      report_.ignored.push_back(
          {printable(argument.name), joined(argument.values), std::string(reason)});
      continue;
    }
    if (!refused.empty()) {
      problem(argument.name, "reckon cannot express this: " + std::string(refused));
      continue;
    }
    const auto near = closest(argument.name, asked_);
    problem(argument.name, "unknown argument; it may change time or memory" +
                               (near ? "; did you mean \"" + as_flag(*near) + "\"?"
                                     : std::string("; take it out if it does not")));
  }
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
}

}  // namespace reckon
