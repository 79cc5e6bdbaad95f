#include "planner/vary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "planner/spec/json_document.hpp"
#include "planner/spec/pointer_json.hpp"

namespace reckon {
namespace {

constexpr double giga = 1e9;
constexpr double tera = 1e12;
constexpr double bits_per_byte = 8;

// --- what hangs together
// ----------------------------------------------------------------------------

// What large transfers reach is a share of the nominal rate: it moves along.
void set_link(LinkSpec& link, BytesPerSecond bandwidth) {
  link.achieved *= bandwidth / link.bandwidth;
  link.bandwidth = bandwidth;
}

void set_nvlink(const Documents& d, double gigabytes_per_s) {
  const BytesPerSecond bandwidth{gigabytes_per_s * giga};
  d.device.expert_transport.nvlink *= bandwidth / d.cluster.nvlink.bandwidth;
  d.device.gpu.nvlink_bandwidth = bandwidth;
  set_link(d.cluster.nvlink, bandwidth);
}

// The rates of kernels bound by memory were measured: they keep their share of the bandwidth.
void set_hbm(const Documents& d, double gigabytes_per_s) {
  const BytesPerSecond bandwidth{gigabytes_per_s * giga};
  for (StreamModel& stream : d.device.streams) {
    stream.bandwidth *= bandwidth / d.device.gpu.hbm_bandwidth;
  }
  d.device.gpu.hbm_bandwidth = bandwidth;
}

// Each SM computes as fast as before, so the peaks grow with their number; memory does not.
void set_sms(const Documents& d, double sms) {
  const double factor = sms / d.device.gpu.sms;
  d.device.gpu.bf16_peak *= factor;
  d.device.gpu.fp8_peak *= factor;
  d.device.gpu.sms = static_cast<int>(sms);
}

void scale_gemms(DeviceProfile& device, bool fp8, double factor) {
  for (GemmModel& model : device.gemm) {
    if ((model.dtype == Dtype::fp8_block) == fp8) model.rate_per_sm *= factor;
  }
}

// Measured rates keep their share of the peak of their dtype. Attention computes in BF16.
void set_bf16_peak(const Documents& d, double tflops) {
  const FlopsPerSecond peak{tflops * tera};
  const double factor = peak / d.device.gpu.bf16_peak;
  scale_gemms(d.device, false, factor);
  d.device.attention.forward_rate_per_sm *= factor;
  d.device.attention.backward_rate_per_sm *= factor;
  d.device.gpu.bf16_peak = peak;
}

void set_fp8_peak(const Documents& d, double tflops) {
  const FlopsPerSecond peak{tflops * tera};
  if (d.device.gpu.fp8_peak.value > 0) {
    scale_gemms(d.device, true, peak / d.device.gpu.fp8_peak);
  }
  d.device.gpu.fp8_peak = peak;
}

template <int Parallelism::*Member>
constexpr VaryKey parallel(std::string_view name, std::string_view meaning, double most,
                           double least = 1) {
  return {name,
          "",
          meaning,
          true,
          least,
          most,
          [](const Documents& d) -> double { return d.plan.parallelism.*Member; },
          [](const Documents& d, double value) {
            d.plan.parallelism.*Member = static_cast<int>(value);
          }};
}
template <int Batch::*Member>
constexpr VaryKey batch(std::string_view name, std::string_view meaning, double most) {
  return {name,
          "",
          meaning,
          true,
          1,
          most,
          [](const Documents& d) -> double { return d.plan.batch.*Member; },
          [](const Documents& d, double value) { d.plan.batch.*Member = static_cast<int>(value); }};
}

// Interleaving is 1F1B with more than one chunk a rank; other schedules have no chunks.
void set_chunks(const Documents& d, double chunks) {
  d.plan.parallelism.chunks_per_rank = static_cast<int>(chunks);
  const bool is_1f1b = d.plan.schedule == ScheduleKind::one_forward_one_backward ||
                       d.plan.schedule == ScheduleKind::interleaved_one_forward_one_backward;
  if (!is_1f1b) return;
  d.plan.schedule = chunks > 1 ? ScheduleKind::interleaved_one_forward_one_backward
                               : ScheduleKind::one_forward_one_backward;
}

constexpr std::array<VaryKey, 20> keys{{
    {"nvlink", "GB/s", "of a GPU and direction; rates reached keep their share of it", false, 1e-3,
     1e6, [](const Documents& d) { return d.cluster.nvlink.bandwidth.value / giga; }, set_nvlink},
    {"nic", "Gb/s", "of a GPU and direction; rates reached keep their share of it", false, 1e-3,
     1e6, [](const Documents& d) { return d.cluster.nic.bandwidth.value * bits_per_byte / giga; },
     [](const Documents& d, double value) {
       set_link(d.cluster.nic, {value / bits_per_byte * giga});
     }},
    {"hbm", "GB/s", "memory of a GPU; kernels bound by it keep their share", false, 1, 1e7,
     [](const Documents& d) { return d.device.gpu.hbm_bandwidth.value / giga; }, set_hbm},
    {"sms", "", "of a GPU, each as fast as before: the peaks follow, memory and L2 do not", true, 1,
     65536, [](const Documents& d) -> double { return d.device.gpu.sms; }, set_sms},
    {"bf16_peak", "TFLOP/s", "dense; BF16 GEMMs and attention keep their share of it", false, 1e-3,
     1e7, [](const Documents& d) { return d.device.gpu.bf16_peak.value / tera; }, set_bf16_peak},
    {"fp8_peak", "TFLOP/s", "dense; FP8 GEMMs keep their share of it", false, 1e-3, 1e7,
     [](const Documents& d) { return d.device.gpu.fp8_peak.value / tera; }, set_fp8_peak},
    {"memory", "GB", "of a GPU", false, 1e-3, 1e6,
     [](const Documents& d) { return d.device.gpu.memory.value / giga; },
     [](const Documents& d, double value) { d.device.gpu.memory = {value * giga}; }},
    {"nodes", "", "of the cluster; dp follows", true, 1, 1e6,
     [](const Documents& d) -> double { return d.cluster.nodes; },
     [](const Documents& d, double value) { d.cluster.nodes = static_cast<int>(value); }},
    parallel<&Parallelism::tensor_parallel>("tp", "tensor parallel; dp follows", 1e7),
    parallel<&Parallelism::pipeline_parallel>("pp", "pipeline parallel; dp and layout follow",
                                              4096),
    parallel<&Parallelism::context_parallel>("cp", "context parallel; dp follows", 1e7),
    parallel<&Parallelism::data_parallel>("dp", "data parallel; the nodes follow", 1e7),
    parallel<&Parallelism::expert_parallel>("ep", "expert parallel", 1e7),
    {"vpp", "", "chunks a rank; 1F1B becomes interleaved above 1, layout follows", true, 1, 1024,
     [](const Documents& d) -> double { return d.plan.parallelism.chunks_per_rank; }, set_chunks},
    parallel<&Parallelism::zero_stage>("zero", "ZeRO stage, 0 to 3", 3, 0),
    batch<&Batch::micro_batch_size>("mbs", "micro-batch, sequences", 1e6),
    batch<&Batch::global_batch_size>("gbs", "global batch, sequences", 1e9),
    batch<&Batch::sequence_length>("seq", "tokens of a sequence", 1e8),
    {"comm_sms", "", "SMs that dispatch and combine hold", true, 0, 65536,
     [](const Documents& d) -> double { return d.plan.expert_communication.sms; },
     [](const Documents& d, double value) {
       d.plan.expert_communication.sms = static_cast<int>(value);
     }},
    {"usd_per_gpu_hour", "$", "price of a GPU-hour", false, 0, 1e6,
     [](const Documents& d) { return d.cluster.pricing.usd_per_gpu_hour.value; },
     [](const Documents& d, double value) {
       d.cluster.pricing = {{value}, "--vary usd_per_gpu_hour"};
     }},
}};

// --- what follows
// -----------------------------------------------------------------------------------

bool is_set(const std::vector<Setting>& settings, std::initializer_list<std::string_view> names) {
  return std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
    return std::find(names.begin(), names.end(), setting.key) != names.end();
  });
}

// tp, pp, cp and nodes keep the GPUs busy by more or fewer replicas; with dp given, the cluster
// grows or shrinks. What does not divide is left for feasible() to say.
void follow_world_size(const std::vector<Setting>& settings, const Documents& d,
                       std::vector<std::string>& followed) {
  Parallelism& p = d.plan.parallelism;
  const double replica =
      static_cast<double>(p.tensor_parallel) * p.pipeline_parallel * p.context_parallel;
  const double all = static_cast<double>(d.cluster.nodes) * d.cluster.gpus_per_node;
  if (is_set(settings, {"dp"})) {
    const double nodes = replica * p.data_parallel / d.cluster.gpus_per_node;
    const bool fits = nodes == std::floor(nodes) && nodes <= 1e7;
    if (is_set(settings, {"nodes"}) || !fits || nodes == d.cluster.nodes) return;
    followed.push_back(fmt::format("nodes {} -> {:.0f}", d.cluster.nodes, nodes));
    d.cluster.nodes = static_cast<int>(nodes);
  } else if (is_set(settings, {"tp", "pp", "cp", "nodes"})) {
    const double replicas = all / replica;
    const bool fits = replicas == std::floor(replicas) && replicas >= 1;
    if (!fits || replicas == p.data_parallel) return;
    followed.push_back(fmt::format("dp {} -> {:.0f}", p.data_parallel, replicas));
    p.data_parallel = static_cast<int>(replicas);
  }
}

int listed_layers(const Plan& plan) {
  const std::vector<int>& layers = plan.layout.layers_per_stage;
  return std::accumulate(layers.begin(), layers.end(), 0);
}

// What a list of layers was made for: it says nothing about other stages, or another model.
struct LayoutShape {
  int stages = 0;
  int layers = 0;
  bool operator==(const LayoutShape&) const = default;
};
LayoutShape shape_of(const Documents& d) { return {stages(d.plan), d.model.layers}; }

void follow_layout(const LayoutShape& before, const Documents& d,
                   std::vector<std::string>& followed) {
  const LayoutShape shape = shape_of(d);
  const bool still_fits = listed_layers(d.plan) == shape.layers && shape.stages == before.stages;
  if (d.plan.layout.layers_per_stage.empty() || shape == before || still_fits) return;
  followed.push_back(fmt::format("layers even over {}", shape.stages));
  d.plan.layout.layers_per_stage.clear();
  d.plan.layout.source.clear();
}

void set_pointer(const Setting& setting, const Documents& d) {
  const std::size_t hash = setting.key.find('#');
  const std::string document = setting.key.substr(0, hash);
  const std::string pointer = setting.key.substr(hash + 1);
  const std::string name = document + "#";
  if (document == "plan") d.plan = with_value(d.plan, pointer, setting.value, name);
  if (document == "cluster") d.cluster = with_value(d.cluster, pointer, setting.value, name);
  if (document == "device") d.device = with_value(d.device, pointer, setting.value, name);
  if (document == "model") d.model = with_value(d.model, pointer, setting.value, name);
}

}  // namespace

std::span<const VaryKey> vary_keys() { return keys; }

const VaryKey* find_vary_key(std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [name](const VaryKey& key) { return key.name == name; });
  return found != keys.end() ? &*found : nullptr;
}

std::string current_value(const Documents& d, const std::string& key) {
  if (const VaryKey* const known = find_vary_key(key)) return number_to_text(known->get(d));
  const std::size_t hash = key.find('#');
  const std::string document = key.substr(0, hash);
  const std::string pointer = key.substr(hash + 1);
  const std::string name = document + "#";
  std::string value = document == "plan"      ? value_at(d.plan, pointer, name)
                      : document == "cluster" ? value_at(d.cluster, pointer, name)
                      : document == "device"  ? value_at(d.device, pointer, name)
                                              : value_at(d.model, pointer, name);
  const bool is_word = value.size() >= 2 && value.front() == '"';
  return is_word ? value.substr(1, value.size() - 2) : value;
}

std::vector<std::string> apply_settings(const std::vector<Setting>& settings, const Documents& d) {
  const LayoutShape before = shape_of(d);
  for (const VaryKey& key : keys) {
    for (const Setting& setting : settings) {
      if (setting.key == key.name) key.set(d, number_of(setting.value).value_or(key.least));
    }
  }
  for (const Setting& setting : settings) {
    if (is_pointer_key(setting.key)) set_pointer(setting, d);
  }
  std::vector<std::string> followed;
  follow_world_size(settings, d, followed);
  follow_layout(before, d, followed);
  d.plan.phases.clear();
  return followed;
}

}  // namespace reckon
