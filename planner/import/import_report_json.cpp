#include "planner/import/import_report_json.hpp"

#include "planner/spec/json_io.hpp"

namespace reckon {

template <>
struct Fields<Interpreted> {
  static constexpr std::tuple table{
      required("key", &Interpreted::key).doc("of the imported file"),
      required("given", &Interpreted::given)
          .doc("its value; absent: the format's default; derived: follows from the key's value"),
      required("field", &Interpreted::field).doc("of model/1 or plan/1"),
      required("value", &Interpreted::value)};
};
template <>
struct Fields<Ignored> {
  static constexpr std::tuple table{required("key", &Ignored::key),
                                    required("given", &Ignored::given),
                                    required("reason", &Ignored::reason)};
};
template <>
struct Fields<ImportReport> {
  static constexpr std::tuple table{
      required("format", &ImportReport::format).doc("hf or megatron"),
      required("file", &ImportReport::file),
      required("carrier", &ImportReport::carrier).doc("the model type, or what held the arguments"),
      required("interpreted", &ImportReport::interpreted),
      required("ignored", &ImportReport::ignored)};
};

std::string import_report_json(const ImportReport& report) {
  return write(report, "import/1").dump(2) + "\n";
}

std::string import_report_schema() { return json_schema<ImportReport>("import/1").dump(2) + "\n"; }

}  // namespace reckon
