#include "planner/spec/software_json.hpp"

#include <tuple>

#include "planner/spec/json_io.hpp"

namespace reckon {

template <>
struct Fields<SoftwareSpec> {
  static constexpr std::tuple table{
      required("name", &SoftwareSpec::name).not_empty(),
      required("family", &SoftwareSpec::family).not_empty(),
      optional("release", &SoftwareSpec::release)
          .doc("entries of one release share its factor; else the name"),
      required("records", &SoftwareSpec::records)
          .not_empty()
          .doc("beginnings of the ids of its records"),
      optional("attention_kernel", &SoftwareSpec::attention_kernel),
      optional("moments", &SoftwareSpec::moments),
      optional("fused_cross_entropy", &SoftwareSpec::fused_cross_entropy),
      optional("checkpoint_stops_early", &SoftwareSpec::checkpoint_stops_early)
          .doc("full recomputation leaves each layer's last projection out"),
      optional("gradients", &SoftwareSpec::gradients)
          .doc("what replicas reduce, where a record does not say"),
      optional("step_time_factor", &SoftwareSpec::step_time_factor)
          .positive()
          .max(100)
          .doc("measured / predicted step"),
      optional("rows", &SoftwareSpec::rows).min(0).doc("records that the factor was taken from"),
      optional("held_out_median", &SoftwareSpec::held_out_median)
          .min(0)
          .doc("median |error| of its groups, each with the factor of the other ones"),
      optional("source", &SoftwareSpec::source)};
};
template <>
struct Fields<SoftwareTable> {
  static constexpr std::tuple table{required("software", &SoftwareTable::software).not_empty()};
};

namespace {
constexpr std::string_view schema_name = "software/1";
}  // namespace

SoftwareTable read_software(const Document& document) {
  return read<SoftwareTable>(document, schema_name);
}

std::string write_software(const SoftwareTable& table) {
  return write(table, schema_name).dump(2) + "\n";
}

std::string software_schema() { return json_schema<SoftwareTable>(schema_name).dump(2) + "\n"; }

}  // namespace reckon
