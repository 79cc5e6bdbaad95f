#include "sim/calibrate/measured_json.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "sim/calibrate/measured_csv.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon {
namespace {

using Json = nlohmann::json;

std::string lower(std::string text) {
  for (char& letter : text)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

// Bytes of an element of a type as NCCL, nccl-tests and PyTorch name it.
double element_bytes(const std::string& type) {
  static const std::map<std::string, double> sizes{
      {"int8", 1},          {"uint8", 1},         {"char", 1},     {"byte", 1},    {"fp8_e4m3", 1},
      {"f8e4m3", 1},        {"fp8_e5m2", 1},      {"half", 2},     {"float16", 2}, {"bfloat16", 2},
      {"float", 4},         {"float32", 4},       {"int", 4},      {"int32", 4},   {"uint32", 4},
      {"double", 8},        {"float64", 8},       {"long", 8},     {"int64", 8},   {"uint64", 8},
      {"float8_e4m3fn", 1}, {"c10::bfloat16", 2}, {"c10::half", 2}};
  const auto found = sizes.find(lower(type));
  return found != sizes.end() ? found->second : 0;
}

// The operation as the collective family names it; empty if it has no model.
std::string_view operation_of(const std::string& words) {
  const std::string name = lower(words);
  const auto has = [&name](std::string_view part) { return name.find(part) != std::string::npos; };
  if (has("all_reduce") || has("allreduce")) return "all_reduce";
  if (has("all_gather") || has("allgather")) return "all_gather";
  if (has("reduce_scatter") || has("reducescatter")) return "reduce_scatter";
  if (has("all_to_all") || has("alltoall")) return "alltoall";
  return {};
}

double word_value(const SizeColumn& column, std::string_view word) {
  const auto found = std::find(column.words.begin(), column.words.end(), word);
  return static_cast<double>(found - column.words.begin());
}

// Sizes of a family by name; words are looked up in the column's table.
struct NamedSize {
  std::string_view name;
  double value = 0;
  std::string_view word{};
};
void set_sizes(MeasuredKernel& kernel, const std::vector<NamedSize>& sizes) {
  const FamilyModel& family = family_model(kernel.family);
  for (std::size_t i = 0; i < family.sizes.size(); ++i) {
    for (const NamedSize& size : sizes) {
      if (size.name != family.sizes[i].name) continue;
      if (family.sizes[i].words.empty()) {
        kernel.sizes[i] = size.value;
        continue;
      }
      kernel.sizes[i] = word_value(family.sizes[i], size.word);
    }
  }
}

class Reader {
 public:
  Reader(std::string file, const GpuSpec& gpu, MeasuredKernels& measured)
      : gpu_(gpu), measured_(measured), file_(static_cast<int>(measured.files.size())) {
    measured.files.push_back(std::move(file));
  }

  void problem(std::string pointer, std::string message) {
    measured_.problems.push_back({measured_.files[static_cast<std::size_t>(file_)], 0, 0,
                                  std::move(pointer), std::move(message)});
  }

  void left_out(int rows) { measured_.rows_left_out += rows; }

  void collective(std::string_view operation, double gpus, double bytes_per_element,
                  double elements, double microseconds, const std::string& pointer) {
    MeasuredKernel kernel;
    kernel.family = ModelFamily::collective;
    kernel.variant = operation;
    kernel.file = file_;
    kernel.pointer = pointer;
    kernel.time = {microseconds * 1e-6};
    const std::string_view dtype = bytes_per_element == 1 ? "int8" : "bf16";
    if (bytes_per_element == 0) {
      left_out(1);
      return problem(pointer, "has no known dtype; left out");
    }
    // The model knows bytes; elements of other widths are counted as those of two bytes.
    const double counted = bytes_per_element == 1 ? elements : elements * bytes_per_element / 2;
    set_sizes(kernel, {{"dtype", 0, dtype}, {"gpus", gpus}, {"elements", counted}});
    add_measured_kernel(std::move(kernel), gpu_, measured_);
  }

  void gemm(const std::string& variant, double m, double n, double k, double microseconds,
            const std::string& pointer) {
    MeasuredKernel kernel;
    kernel.family = ModelFamily::gemm;
    kernel.variant = variant;
    kernel.file = file_;
    kernel.pointer = pointer;
    kernel.time = {microseconds * 1e-6};
    set_sizes(kernel, {{"m", m}, {"n", n}, {"k", k}});
    add_measured_kernel(std::move(kernel), gpu_, measured_);
  }

 private:
  const GpuSpec& gpu_;
  MeasuredKernels& measured_;
  int file_;
};

// --- nccl-tests
// -------------------------------------------------------------------------------------

double number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// All ranks of the run: MPI lists each device, threads share one line.
double ranks_of(const Json& document) {
  const Json& config = document["config"];
  const auto devices = config.find("devices");
  const double listed =
      devices != config.end() && devices->is_array() ? static_cast<double>(devices->size()) : 0;
  const double local =
      std::max(1.0, number(config, "nthreads")) * std::max(1.0, number(config, "ngpus"));
  return std::max(listed, local);
}

void read_nccl_tests(const Json& document, Reader& reader) {
  std::string program;
  const auto arguments = document.find("args");
  if (arguments != document.end()) program = arguments->dump();
  const std::string_view operation = operation_of(program);
  if (operation.empty()) {
    return reader.problem("/args",
                          "names no all_reduce_perf, all_gather_perf, "
                          "reduce_scatter_perf or alltoall_perf");
  }
  const double ranks = ranks_of(document);
  int index = 0;
  for (const Json& result : document["results"]) {
    const std::string pointer = "/results/" + std::to_string(index++);
    if (!result.is_object()) {
      reader.problem(pointer, "is no object; left out");
      continue;
    }
    const auto body = result.find("out_of_place");
    const double bytes_per_element = element_bytes(text_of(result, "type"));
    const double bytes = number(result, "size");
    if (body == result.end() || !body->is_object() || bytes_per_element == 0) {
      reader.problem(pointer, "has no out_of_place result or no known type; left out");
      continue;
    }
    if (bytes == 0) continue;  // nccl-tests starts its ramp there
    reader.collective(operation, ranks, bytes_per_element, bytes / bytes_per_element,
                      number(*body, "time"), pointer);
  }
}

// --- PyTorch profiler
// -------------------------------------------------------------------------------

// What a kernel is, by parts of its name as cuBLAS, CUTLASS, DeepGEMM, FlashAttention, NCCL and
// PyTorch spell them; the first that occurs decides.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kernel_names{{
    {"nccl", "NCCL"},
    {"flash", "attention"},
    {"fmha", "attention"},
    {"gemm", "GEMM"},
    {"cutlass", "GEMM"},
    {"nvjet", "GEMM"},
    {"xmma", "GEMM"},
    {"dispatch", "expert dispatch"},
    {"combine", "expert combine"},
    {"norm", "norm"},
    {"softmax", "softmax"},
    {"quant", "cast"},
    {"rope", "RoPE"},
    {"elementwise", "elementwise"},
    {"reduce", "reduction"},
    {"copy", "copy"},
}};

std::string_view kind_of(const std::string& kernel_name) {
  const std::string name = lower(kernel_name);
  for (const auto& [part, kind] : kernel_names) {
    if (name.find(part) != std::string::npos) return kind;
  }
  return "other";
}

// A matrix product that an operator of the CPU side asked for.
struct Product {
  std::string variant;
  double m = 0, n = 0, k = 0;
};

std::vector<double> dimensions(const Json& list) {
  std::vector<double> sizes;
  if (!list.is_array()) return sizes;
  for (const Json& size : list) {
    if (size.is_number()) sizes.push_back(size.get<double>());
  }
  return sizes;
}

std::optional<Product> product_of(const Json& event) {
  static const std::map<std::string, std::size_t> first_factor{
      {"aten::mm", 0}, {"aten::addmm", 1}, {"aten::_scaled_mm", 0}};
  const auto known = first_factor.find(text_of(event, "name"));
  if (known == first_factor.end()) return std::nullopt;
  const Json& arguments = event["args"];
  const auto inputs = arguments.find("Input Dims");
  if (inputs == arguments.end() || !inputs->is_array() || inputs->size() < known->second + 2) {
    return std::nullopt;
  }
  const std::vector<double> left = dimensions((*inputs)[known->second]);
  const std::vector<double> right = dimensions((*inputs)[known->second + 1]);
  if (left.size() != 2 || right.size() != 2) return std::nullopt;
  double bytes = 2;
  const auto types = arguments.find("Input type");
  if (types != arguments.end() && types->is_array() && types->size() > known->second) {
    const Json& type = (*types)[known->second];
    if (type.is_string()) bytes = element_bytes(type.get<std::string>());
  }
  if (bytes != 1 && bytes != 2) return std::nullopt;
  return Product{bytes == 1 ? "fp8" : "bf16", left[0], right[1], left[1]};
}

void read_trace(const Json& events, Reader& reader) {
  std::map<double, Product> products;  // by external id
  for (const Json& event : events) {
    if (!event.is_object() || text_of(event, "cat") != "cpu_op" || !event.contains("args"))
      continue;
    const auto product = product_of(event);
    if (product) products[number(event["args"], "External id")] = *product;
  }
  std::map<std::string_view, int> without_sizes;
  std::size_t index = 0;
  for (const Json& event : events) {
    const std::string pointer = "/traceEvents/" + std::to_string(index++);
    if (!event.is_object() || text_of(event, "cat") != "kernel") continue;
    const std::string_view kind = kind_of(text_of(event, "name"));
    static const Json nothing = Json::object();
    const auto found = event.find("args");
    const Json& arguments = found != event.end() && found->is_object() ? *found : nothing;
    const double microseconds = number(event, "dur");
    const std::string_view operation = operation_of(text_of(arguments, "Collective name"));
    const auto product = products.find(number(arguments, "External id"));
    if (kind == "NCCL" && !operation.empty()) {
      // The whole buffer is the larger side: a gather's output, a scatter's input.
      const double elements =
          std::max(number(arguments, "In msg nelems"), number(arguments, "Out msg nelems"));
      reader.collective(operation, number(arguments, "Group size"),
                        element_bytes(text_of(arguments, "dtype")), elements, microseconds,
                        pointer);
    } else if (kind == "GEMM" && product != products.end()) {
      const Product& p = product->second;
      if (p.variant != "bf16") {
        reader.left_out(1);
        reader.problem(pointer,
                       "is an FP8 product without its cast, which the model includes; "
                       "left out");
        continue;
      }
      reader.gemm(p.variant, p.m, p.n, p.k, microseconds, pointer);
      products.erase(product);  // a split product's second kernel is not another product
    } else {
      ++without_sizes[kind];
      reader.left_out(1);
    }
  }
  for (const auto& [kind, count] : without_sizes) {
    reader.problem("/traceEvents",
                   std::to_string(count) + " " + std::string(kind) +
                       " kernels have no sizes in this trace (record it with record_shapes=True; "
                       "only matrix products and collectives are used); left out");
  }
}

}  // namespace

void add_measured_json(std::string_view text, const std::string& file, const GpuSpec& gpu,
                       MeasuredKernels& measured) {
  const Json document = Json::parse(text, nullptr, false);
  Reader reader(file, gpu, measured);
  if (document.is_discarded()) {
    throw InputError({{file, 0, 0, "",
                       "is no JSON; give a CSV, nccl-tests' --json output or a "
                       "PyTorch profiler trace"}});
  }
  const bool is_object = document.is_object();
  if (is_object && document.contains("results") && document["results"].is_array() &&
      document.contains("config") && document["config"].is_object()) {
    read_nccl_tests(document, reader);
  } else if (is_object && document.contains("traceEvents") && document["traceEvents"].is_array()) {
    read_trace(document["traceEvents"], reader);
  } else {
    reader.problem("",
                   "is neither nccl-tests' output (config, results) nor a PyTorch profiler "
                   "trace (traceEvents)");
  }
}

}  // namespace reckon
