#include "planner/spec/published_run_json.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace reckon {
namespace {

using Object = JsonNode::Object;

const JsonNode* member(const JsonNode& node, std::string_view key) {
  const auto* const object = std::get_if<Object>(&node.value);
  if (object == nullptr) return nullptr;
  for (const JsonMember& m : *object) {
    if (m.key == key)
      return std::holds_alternative<std::nullptr_t>(m.value.value) ? nullptr : &m.value;
  }
  return nullptr;
}

// Reads the members of one object of a record; null and absent are the same.
class Members {
 public:
  Members(const JsonNode* node, std::string pointer, std::vector<std::string>& problems)
      : node_(node), pointer_(std::move(pointer)), problems_(problems) {}

  Members in(std::string_view key) const {
    return {find(key), pointer_ + "/" + std::string(key), problems_};
  }
  bool exists() const { return node_ != nullptr; }

  void text(std::string_view key, std::string& value, bool needed = false) const {
    read(key, needed, "a string", [&](const JsonNode& found) {
      const auto* const word = std::get_if<std::string>(&found.value);
      if (word != nullptr) value = *word;
      return word != nullptr;
    });
  }
  void number(std::string_view key, double& value, bool needed = false) const {
    read(key, needed, "a number", [&](const JsonNode& found) { return take(found, value); });
  }
  void integer(std::string_view key, int& value, bool needed = false) const {
    read(key, needed, "a whole number", [&](const JsonNode& found) {
      double wide = 0;
      if (!take(found, wide) || wide != std::floor(wide) || std::abs(wide) > 1e9) return false;
      value = static_cast<int>(wide);
      return true;
    });
  }
  void flag(std::string_view key, bool& value) const {
    read(key, false, "true or false", [&](const JsonNode& found) {
      const bool* const is = std::get_if<bool>(&found.value);
      if (is != nullptr) value = *is;
      return is != nullptr;
    });
  }
  void flag(std::string_view key, std::optional<bool>& value) const {
    bool found = false;
    if (find(key) == nullptr) return;
    flag(key, found);
    value = found;
  }
  void words(std::string_view key, std::vector<std::string>& values) const {
    const JsonNode* const found = find(key);
    if (found == nullptr) return;
    if (const auto* const word = std::get_if<std::string>(&found->value)) values = {*word};
    if (const auto* const list = std::get_if<JsonNode::Array>(&found->value)) {
      for (const JsonNode& element : *list) {
        if (const auto* const word = std::get_if<std::string>(&element.value)) {
          values.push_back(*word);
        }
      }
    }
  }
  void integers(std::string_view key, std::vector<int>& values) const {
    const JsonNode* const found = find(key);
    if (found == nullptr) return;
    const auto* const list = std::get_if<JsonNode::Array>(&found->value);
    for (const JsonNode& element : list != nullptr ? *list : JsonNode::Array{}) {
      double value = 0;
      if (!take(element, value) || std::abs(value) > 1e9) value = -1;  // refused as a layout
      values.push_back(static_cast<int>(value));
    }
  }

 private:
  const JsonNode* find(std::string_view key) const {
    return node_ == nullptr ? nullptr : member(*node_, key);
  }
  static bool take(const JsonNode& node, double& value) {
    if (const auto* const whole = std::get_if<std::int64_t>(&node.value)) {
      value = static_cast<double>(*whole);
      return true;
    }
    const auto* const real = std::get_if<double>(&node.value);
    if (real != nullptr) value = *real;
    return real != nullptr;
  }
  template <typename Take>
  void read(std::string_view key, bool needed, std::string_view what, Take take_value) const {
    const JsonNode* const found = find(key);
    if (found == nullptr ? !needed : take_value(*found)) return;
    problems_.push_back(pointer_ + "/" + std::string(key) + ": " +
                        (found == nullptr ? "missing" : "not " + std::string(what)));
  }

  const JsonNode* node_;
  std::string pointer_;
  std::vector<std::string>& problems_;
};

void read_model(const Members& m, RunModel& model) {
  m.text("name", model.name);
  m.text("arch", model.arch);
  m.text("attention", model.attention);
  m.text("act", model.activation);
  m.text("norm", model.norm);
  m.text("pos", model.positions);
  m.integer("layers", model.layers, true);
  m.integer("hidden", model.hidden, true);
  m.integer("heads", model.heads, true);
  m.integer("kv_heads", model.kv_heads);
  m.integer("head_dim", model.head_dim);
  m.integer("ffn", model.ffn, true);
  m.integer("vocab", model.vocab, true);
  m.integer("seq", model.seq, true);
  m.flag("gated_mlp", model.gated_mlp);
  m.flag("tied_embeddings", model.tied_embeddings);
  m.integer("experts", model.experts);
  m.integer("topk", model.topk);
  m.integer("moe_ffn", model.moe_ffn);
  m.integer("shared_ffn", model.shared_ffn);
  m.integer("dense_layers", model.dense_layers);
  m.integer("mtp_layers", model.mtp_layers);
  const Members mla = m.in("mla");
  if (!mla.exists()) return;
  RunMla sizes;
  mla.integer("q_lora", sizes.q_lora);
  mla.integer("kv_lora", sizes.kv_lora, true);
  mla.integer("qk_nope", sizes.qk_nope, true);
  mla.integer("qk_rope", sizes.qk_rope, true);
  mla.integer("v", sizes.v, true);
  model.mla = sizes;
}

void read_hardware(const Members& m, RunHardware& hardware) {
  m.text("gpu", hardware.gpu, true);
  m.text("fabric", hardware.fabric);
  m.number("mem_gb", hardware.mem_gb);
  m.number("peak_bf16", hardware.peak_bf16);
  m.number("peak_fp8", hardware.peak_fp8);
  m.number("nvlink_gbps_bidir", hardware.nvlink_gbps_bidir);
  m.number("hbm_gbps", hardware.hbm_gbps);
  m.number("nic_gbps_per_gpu", hardware.nic_gbps_per_gpu);
  m.integer("gpus", hardware.gpus, true);
  m.integer("gpus_per_node", hardware.gpus_per_node);
  hardware.nvlink_domain = hardware.gpus_per_node;
  m.integer("nvlink_domain", hardware.nvlink_domain);
}

void read_overlap(const Members& m, RunOverlap& overlap) {
  m.flag("tp", overlap.tp);
  m.flag("dp", overlap.dp);
  m.flag("pp", overlap.pp);
  m.flag("moe_a2a_overlap", overlap.moe_a2a);
  m.flag("fsdp_prefetch", overlap.fsdp_prefetch);
  m.text("dispatcher", overlap.dispatcher);
  m.text("cuda_graph", overlap.cuda_graph);
  m.words("cuda_graph_scope", overlap.cuda_graph_scope);
}

void read_parallel(const Members& m, RunParallel& parallel) {
  m.integer("tp", parallel.tp, true);
  m.integer("pp", parallel.pp, true);
  m.integer("vpp", parallel.vpp);
  m.integer("cp", parallel.cp);
  m.integer("ep", parallel.ep);
  m.integer("etp", parallel.etp);
  m.integer("dp", parallel.dp, true);
  m.integer("mbs", parallel.mbs, true);
  m.integer("gbs", parallel.gbs, true);
  m.flag("sp", parallel.sp);
  m.flag("cuda_graph", parallel.cuda_graph);
  m.flag("compile", parallel.compile);
  m.integer("cpu_offload_layers", parallel.cpu_offload_layers);
  m.text("recompute", parallel.recompute);
  m.text("zero", parallel.zero);
  m.text("precision", parallel.precision, true);
  m.text("schedule", parallel.schedule);
  m.text("moe_routing", parallel.moe_routing);
  m.text("reduce_dtype", parallel.reduce_dtype);
  m.integers("layers_per_stage", parallel.layers_per_stage);
  read_overlap(m.in("overlap"), parallel.overlap);
}

PublishedRun read_run(const JsonNode& node) {
  PublishedRun run;
  const Members m(&node, "", run.read_problems);
  m.text("id", run.id, true);
  m.text("source", run.source);
  m.text("group", run.group);
  m.number("step_s", run.step_s, true);
  read_model(m.in("model"), run.model);
  read_hardware(m.in("hardware"), run.hardware);
  read_parallel(m.in("parallel"), run.parallel);
  double gigabytes = 0;
  double gibibytes = 0;
  m.in("measured").number("peak_mem_gb", gigabytes);
  m.in("measured").number("peak_mem_gib", gibibytes);
  run.peak_memory_bytes = gigabytes > 0 ? gigabytes * 1e9 : gibibytes * 1073741824.0;
  m.in("repeat").number("spread_pct", run.spread_pct);
  if (run.group.empty()) run.group = run.model.name + "|" + run.hardware.gpu;
  constexpr double most_gigabytes = 1e5;
  for (const double memory : {gigabytes, gibibytes, run.hardware.mem_gb}) {
    if (memory < 0 || memory > most_gigabytes) {
      run.read_problems.push_back("a memory of " + number_to_text(memory) + " GB");
      run.peak_memory_bytes = 0;
    }
  }
  if ((run.step_s < 1e-6 || run.step_s > 1e9) && run.read_problems.empty()) {
    run.read_problems.push_back("/step_s: not between a microsecond and 1e9 seconds");
  }
  return run;
}

const JsonNode::Array* list_of(const JsonNode& root) {
  if (const auto* const list = std::get_if<JsonNode::Array>(&root.value)) return list;
  for (const std::string_view key : {"records", "runs"}) {
    const JsonNode* const found = member(root, key);
    if (found != nullptr && std::holds_alternative<JsonNode::Array>(found->value)) {
      return &std::get<JsonNode::Array>(found->value);
    }
  }
  return nullptr;
}

}  // namespace

std::vector<PublishedRun> read_published_runs(const Document& document) {
  const JsonNode::Array* const list = list_of(document.root());
  if (list == nullptr || list->empty()) {
    throw InputError({document.problem(
        document.root().offset, "",
        "no list of runs; give a list of records, or an object with one in \"records\"")});
  }
  std::vector<PublishedRun> runs;
  for (const JsonNode& node : *list) runs.push_back(read_run(node));
  return runs;
}

}  // namespace reckon
