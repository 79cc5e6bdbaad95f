#include "planner/feasible.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "planner/faults.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/spec_fields.hpp"

namespace reckon {
namespace {

std::string text(double number) { return number_to_text(number); }

// "2 x 4 x 8 = 64"
std::string product(std::initializer_list<double> factors) {
  std::string words;
  double result = 1;
  for (const double factor : factors) {
    if (!words.empty()) words += " x ";
    words += text(factor);
    result *= factor;
  }
  return words + " = " + text(result);
}

constexpr std::size_t most_phases = 1000;  // each is simulated

bool divides(double divisor, double number) { return std::fmod(number, divisor) == 0; }

class Problems {
 public:
  // The problem, unless `holds`.
  void require(bool holds, std::string pointer, std::string message,
               DocumentKind document = DocumentKind::plan) {
    if (!holds) found_.push_back({std::move(pointer), std::move(message), document});
  }
  bool empty() const { return found_.empty(); }
  std::vector<PlanProblem> take() && { return std::move(found_); }

 private:
  std::vector<PlanProblem> found_;
};

// --- limits of single numbers
// ----------------------------------------------------------------------

// Every integer within the limits of its field table: true of what came from a file, not of what a
// search made up. Later checks divide by these numbers and multiply them.
template <class Struct>
void check_limits(const Struct& given, const std::string& pointer, DocumentKind document,
                  Problems& problems) {
  for_each_field<Struct>([&](const auto& field) {
    const auto& member = given.*field.member;
    using Member = std::remove_cvref_t<decltype(member)>;
    const std::string here = pointer + "/" + std::string(field.key);
    if constexpr (std::is_integral_v<Member> && !std::is_same_v<Member, bool>) {
      const auto value = static_cast<double>(member);
      const Limits& limits = field.limits;
      problems.require(value >= limits.minimum, here,
                       text(value) + " is too small; give at least " + text(limits.minimum),
                       document);
      problems.require(value <= limits.maximum, here,
                       text(value) + " is too large; give at most " + text(limits.maximum),
                       document);
    } else if constexpr (HasFields<Member>) {
      check_limits(member, here, document, problems);
    } else if constexpr (std::is_same_v<Member, std::optional<MoeSpec>>) {
      if (member) check_limits(*member, here, document, problems);
    }
  });
}

void check_all_limits(const ModelSpec& model, const ClusterSpec& cluster, const Plan& plan,
                      Problems& problems) {
  check_limits(model, "", DocumentKind::model, problems);
  check_limits(cluster, "", DocumentKind::cluster, problems);
  check_limits(plan.parallelism, "/parallelism", DocumentKind::plan, problems);
  check_limits(plan.batch, "/batch", DocumentKind::plan, problems);
  for (std::size_t index = 0; index < plan.phases.size(); ++index) {
    check_limits(plan.phases[index], "/phases/" + std::to_string(index), DocumentKind::plan,
                 problems);
  }
  problems.require(plan.phases.size() <= most_phases, "/phases",
                   text(static_cast<double>(plan.phases.size())) + " phases; give at most " +
                       text(static_cast<double>(most_phases)));
  const double gpus = static_cast<double>(cluster.nodes) * cluster.gpus_per_node;
  problems.require(
      gpus <= most_gpus, "/nodes",
      product({static_cast<double>(cluster.nodes), static_cast<double>(cluster.gpus_per_node)}) +
          " GPUs; give at most " + text(most_gpus),
      DocumentKind::cluster);
}

// --- the model
// --------------------------------------------------------------------------------------

void check_attention(const AttentionSpec& attention, Problems& problems) {
  const auto needs = [&](int value, std::string_view key, std::string_view why) {
    problems.require(value > 0, "/attention/" + std::string(key),
                     "missing; " + std::string(why) + " needs it", DocumentKind::model);
  };
  if (attention.kind == AttentionKind::mla) {
    needs(attention.kv_lora_rank, "kv_lora_rank", "mla");
    needs(attention.qk_nope_head_dim, "qk_nope_head_dim", "mla");
    needs(attention.v_head_dim, "v_head_dim", "mla");
    return;
  }
  needs(attention.head_dim, "head_dim", enum_name(attention.kind));
  problems.require(!attention.qk_norm || !attention.qk_norm_all_heads,
                   "/attention/qk_norm_all_heads", "stands beside qk_norm; drop one of them",
                   DocumentKind::model);
  const int kv = attention.kv_heads;
  if (kv == 0) return;
  const std::string heads = text(attention.heads) + " heads";
  if (attention.kind == AttentionKind::mha) {
    problems.require(kv == attention.heads, "/attention/kv_heads",
                     text(kv) + " KV heads for " + heads + "; drop kv_heads, or set kind to gqa",
                     DocumentKind::model);
  } else {
    problems.require(divides(kv, attention.heads), "/attention/kv_heads",
                     text(kv) + " KV heads do not divide the " + heads, DocumentKind::model);
  }
}

void check_moe(const ModelSpec& model, Problems& problems) {
  const MoeSpec& moe = *model.moe;
  const auto require = [&](bool holds, std::string_view key, const std::string& message) {
    problems.require(holds, "/moe/" + std::string(key), message, DocumentKind::model);
  };
  require(moe.experts_per_token <= moe.experts, "experts_per_token",
          "a token cannot go to " + text(moe.experts_per_token) + " of " + text(moe.experts) +
              " experts");
  require(moe.first_dense_layers < model.layers, "first_dense_layers",
          text(moe.first_dense_layers) + " dense layers leave none of the " + text(model.layers) +
              " layers with experts; give fewer, or drop moe");
  require(moe.layer_offset < moe.layer_interval, "layer_offset",
          "no layer has index " + text(moe.layer_offset) + " modulo " + text(moe.layer_interval) +
              "; take 0 to " + text(moe.layer_interval - 1));
  require(divides(moe.groups, moe.experts), "groups",
          text(moe.groups) + " groups do not divide the " + text(moe.experts) + " experts");
  require(
      moe.groups_per_token <= moe.groups, "groups_per_token",
      "a token cannot go to " + text(moe.groups_per_token) + " of " + text(moe.groups) + " groups");
  if (moe.groups_per_token > moe.groups || moe.experts_per_token > moe.experts) return;
  const double in_reach = static_cast<double>(moe.groups_per_token) * moe.experts / moe.groups;
  require(moe.experts_per_token <= in_reach, "experts_per_token",
          text(moe.groups_per_token) + " groups hold " + text(in_reach) +
              " experts, fewer than the " + text(moe.experts_per_token) +
              " of a token; raise groups_per_token");
}

void check_model(const ModelSpec& model, Problems& problems) {
  check_attention(model.attention, problems);
  if (model.moe) check_moe(model, problems);
  problems.require(model.positions != Positions::learned || model.learned_positions > 0,
                   "/learned_positions", "missing; learned positions need it", DocumentKind::model);
}

// --- parallelism
// ------------------------------------------------------------------------------------

double dense_ranks(const Parallelism& p) {
  return static_cast<double>(p.tensor_parallel) * p.pipeline_parallel * p.context_parallel;
}

void check_faults(const ClusterSpec& cluster, Problems& problems) {
  for (std::size_t index = 0; index < cluster.faults.size(); ++index) {
    const Fault& fault = cluster.faults[index];
    const std::string problem = fault_problem(cluster, fault);
    problems.require(problem.empty(), "/faults/" + std::to_string(index),
                     to_text(fault) + ": " + problem, DocumentKind::cluster);
  }
}

void check_world_size(const ClusterSpec& cluster, const Plan& plan, Problems& problems) {
  const Parallelism& p = plan.parallelism;
  const double gpus = static_cast<double>(cluster.nodes) * cluster.gpus_per_node;
  const double replica = dense_ranks(p);
  const double asked = replica * p.data_parallel;
  std::string message =
      product({static_cast<double>(p.tensor_parallel), static_cast<double>(p.pipeline_parallel),
               static_cast<double>(p.context_parallel), static_cast<double>(p.data_parallel)}) +
      " GPUs (tensor x pipeline x context x data parallel) but the cluster has " + text(gpus) +
      ": ";
  if (replica <= gpus && divides(replica, gpus)) {
    message += (asked > gpus ? "lower" : "raise");
    message += " data_parallel to " + text(gpus / replica) + " or take another cluster";
  } else {
    message += "one replica takes " + text(replica) + ", which does not divide " + text(gpus) +
               "; change tensor_parallel, pipeline_parallel or context_parallel";
  }
  problems.require(asked == gpus, "/parallelism/data_parallel", message);
}

void check_tensor_parallel(const ModelSpec& model, const Plan& plan, Problems& problems) {
  const double tp = plan.parallelism.tensor_parallel;
  const auto shares = [&](double size, const std::string& what) {
    problems.require(divides(tp, size), "/parallelism/tensor_parallel",
                     text(tp) + " ranks do not divide the " + text(size) + " " + what +
                         "; take a divisor of " + text(size));
  };
  const AttentionSpec& a = model.attention;
  shares(a.heads, "attention heads");
  const double kv = a.kv_heads;
  if (a.kind == AttentionKind::gqa && kv > 0) {  // fewer KV heads than ranks: each is copied
    problems.require(divides(tp, kv) || divides(kv, tp), "/parallelism/tensor_parallel",
                     text(tp) + " ranks can neither share nor copy the " + text(kv) +
                         " KV heads evenly; take a divisor or a multiple of " + text(kv));
  }
  if (!model.moe || model.moe->first_dense_layers > 0 || model.moe->layer_interval > 1) {
    shares(model.intermediate, "columns of a dense MLP (intermediate)");
  }
  if (model.moe) {
    const double etp = expert_tensor_parallel(plan.parallelism);
    const double width = model.moe->expert_intermediate;
    problems.require(divides(etp, width), "/parallelism/expert_tensor_parallel",
                     text(etp) + " ranks do not divide the " + text(width) +
                         " columns of an expert; take a divisor of " + text(width));
  }
  shares(model.vocabulary, "vocabulary entries");
  const double tokens = tokens_per_rank(plan);
  if (plan.parallelism.sequence_parallel && divides(1, tokens)) {
    problems.require(divides(tp, tokens), "/parallelism/sequence_parallel",
                     text(tp) + " tensor parallel ranks do not divide the " + text(tokens) +
                         " tokens of a micro-batch; switch sequence_parallel off");
  }
}

void check_expert_parallel(const ModelSpec& model, const Plan& plan, const std::string& pointer,
                           Problems& problems) {
  const Parallelism& p = plan.parallelism;
  const double ep = p.expert_parallel;
  if (!model.moe) {
    problems.require(ep == 1, pointer,
                     text(ep) + " ranks for the experts of a model without experts; set it to 1");
    return;
  }
  problems.require(divides(ep, model.moe->experts), pointer,
                   text(ep) + " ranks do not divide the " + text(model.moe->experts) +
                       " experts; take a divisor of " + text(model.moe->experts));
  if (p.expert_tensor_parallel == 0) {
    const double ranks = static_cast<double>(p.data_parallel) * p.context_parallel;
    problems.require(divides(ep, ranks), pointer,
                     text(ep) + " ranks do not divide data_parallel x context_parallel: " +
                         product({static_cast<double>(p.data_parallel),
                                  static_cast<double>(p.context_parallel)}) +
                         "; take a divisor of " + text(ranks));
    return;
  }
  const double etp = p.expert_tensor_parallel;
  const double ranks =
      static_cast<double>(p.tensor_parallel) * p.context_parallel * p.data_parallel;
  problems.require(divides(ep * etp, ranks), pointer,
                   product({ep, etp}) +
                       " (expert_parallel x expert_tensor_parallel) do not divide the " +
                       text(ranks) + " ranks of a pipeline stage; lower one of them");
}

void check_sequence(const ModelSpec& model, const Plan& plan, const std::string& pointer,
                    Problems& problems) {
  const double length = plan.batch.sequence_length;
  const double cp = plan.parallelism.context_parallel;
  problems.require(divides(cp, length), pointer,
                   text(length) + " tokens do not divide over " + text(cp) +
                       " context parallel ranks; take a multiple of " + text(cp));
  problems.require(
      model.positions != Positions::learned || length <= std::max(1, model.learned_positions),
      pointer,
      text(length) + " tokens but the model has learned " + text(model.learned_positions) +
          " positions; take at most that many");
}

// --- batch, layout, schedule
// ------------------------------------------------------------------------

void check_batch(const Plan& plan, const std::string& pointer, Problems& problems) {
  const double batch = plan.batch.global_batch_size;
  const double size = plan.batch.micro_batch_size;
  const double replicas = plan.parallelism.data_parallel;
  const double round = size * replicas;
  const double below = std::floor(batch / round) * round;
  std::string take = text(below + round);
  if (below > 0) take = text(below) + " or " + take;
  problems.require(divides(round, batch), pointer,
                   text(batch) + " sequences do not divide into rounds of micro_batch_size x " +
                       "data_parallel: " + product({size, replicas}) + "; take " + take);
}

void check_layout(const ModelSpec& model, const Plan& plan, Problems& problems) {
  const std::vector<int>& given = plan.layout.layers_per_stage;
  const int count = stages(plan);
  if (given.empty()) {
    problems.require(count <= model.layers, "/parallelism/pipeline_parallel",
                     text(count) + " stages for " + text(model.layers) +
                         " layers; take at most one stage a layer");
    return;
  }
  problems.require(plan.layout.mtp_stage < count, "/layout/mtp_stage",
                   "there are stages 0 to " + text(count - 1));
  const std::string pointer = "/layout/layers_per_stage";
  problems.require(given.size() == static_cast<std::size_t>(count), pointer,
                   text(static_cast<double>(given.size())) +
                       " stages listed but the schedule has " + text(count) +
                       "; list one number a stage, or leave the layout out");
  if (given.size() > static_cast<std::size_t>(model.layers) + 2) {  // not worth a closer look
    problems.require(given.size() != static_cast<std::size_t>(count), pointer,
                     text(count) + " stages for " + text(model.layers) +
                         " layers; take at most one stage a layer");
    return;
  }
  double sum = 0;
  for (std::size_t stage = 0; stage < given.size(); ++stage) {
    sum += given[stage];
    const bool is_end = stage == 0 || stage + 1 == given.size() ||
                        (model.mtp_modules > 0 && static_cast<int>(stage) == plan.layout.mtp_stage);
    problems.require(given[stage] > 0 || (is_end && given[stage] == 0),
                     pointer + "/" + std::to_string(stage),
                     text(given[stage]) + " layers; only the stages of the embedding, of the " +
                         "head and of MTP layers can do without one");
  }
  problems.require(
      sum == model.layers, pointer,
      "the stages hold " + text(sum) + " layers but the model has " + text(model.layers));
}

void check_schedule(const Plan& plan, const std::string& pointer, Problems& problems) {
  ScheduleShape shape = schedule_shape(plan);
  std::string batch;
  if (shape.micro_batches > 0) {
    batch = " (" + text(shape.micro_batches) +
            " micro-batches = " + text(plan.batch.global_batch_size) +
            " sequences / (micro_batch_size " + text(plan.batch.micro_batch_size) +
            " x data_parallel " + text(plan.parallelism.data_parallel) + "))";
  } else {  // the batch does not divide, which is a problem of its own: try a number that would do
    shape.micro_batches = 2 * shape.pipeline_ranks;
  }
  for (const ScheduleProblem& problem : shape_problems(shape)) {
    problems.require(false, pointer, problem.message + batch);
  }
}

void check_chunks(const Plan& plan, Problems& problems) {
  const int chunks = plan.parallelism.chunks_per_rank;
  problems.require(
      chunks == 1 || plan.schedule == ScheduleKind::interleaved_one_forward_one_backward,
      "/parallelism/chunks_per_rank",
      text(chunks) + " chunks a rank, which " + std::string(enum_name(plan.schedule)) +
          " does not have; set it to 1, or the schedule to interleaved_one_forward_one_backward");
}

void check_precision(const Plan& plan, Problems& problems) {
  const auto computes = [&](Dtype dtype, const std::string& key) {
    problems.require(dtype == Dtype::bf16 || is_narrow(dtype), "/precision/" + key,
                     "no GEMM reads " + std::string(enum_name(dtype)) +
                         "; take bf16, fp8_block, fp8_tensor, mxfp8 or nvfp4");
  };
  computes(plan.precision.linear, "linear");
  computes(plan.precision.head, "head");
}

// --- phases
// -----------------------------------------------------------------------------------------

void check_ramp(const Plan& plan, const Phase& phase, const std::string& pointer,
                Problems& problems) {
  const double from = phase.ramp_from_batch_size;
  const double batch = plan.batch.global_batch_size;
  problems.require(
      from <= batch, pointer + "/ramp_from_batch_size",
      "the ramp starts at " + text(from) + " sequences, above the batch of " + text(batch));
  problems.require((from > 0) == (phase.ramp_tokens > 0), pointer + "/ramp_tokens",
                   "a ramp needs both ramp_from_batch_size and ramp_tokens");
  problems.require(
      phase.tokens == 0 || phase.ramp_tokens <= phase.tokens, pointer + "/ramp_tokens",
      "a ramp over " + text(phase.ramp_tokens) + " tokens in a phase of " + text(phase.tokens));
}

void check_phase(const ModelSpec& model, const Plan& plan, const Phase& phase,
                 const std::string& pointer, Problems& problems) {
  problems.require(phase.tokens > 0 || phase.steps > 0 || phase.given_gpu_hours > 0, pointer,
                   "nothing to run; give tokens, steps or given_gpu_hours");
  const Plan own = in_phase(plan, phase);
  check_ramp(own, phase, pointer, problems);
  if (own.batch == plan.batch && own.parallelism == plan.parallelism) return;
  const double ranks =
      static_cast<double>(plan.parallelism.data_parallel) * plan.parallelism.context_parallel;
  if (!divides(own.parallelism.context_parallel, ranks)) {
    problems.require(false, pointer + "/context_parallel",
                     text(own.parallelism.context_parallel) +
                         " ranks do not divide the plan's data_parallel x context_parallel, " +
                         text(ranks) + "; take a divisor of it");
    return;
  }
  check_sequence(model, own, pointer + "/sequence_length", problems);
  check_batch(own, pointer + "/global_batch_size", problems);
  check_schedule(own, pointer, problems);
}

void check_plan(const ModelSpec& model, const ClusterSpec& cluster, const Plan& plan,
                Problems& problems) {
  check_world_size(cluster, plan, problems);
  check_faults(cluster, problems);
  check_tensor_parallel(model, plan, problems);
  check_expert_parallel(model, plan, "/parallelism/expert_parallel", problems);
  check_chunks(plan, problems);
  check_batch(plan, "/batch/global_batch_size", problems);
  check_sequence(model, plan, "/batch/sequence_length", problems);
  check_schedule(plan, "/schedule", problems);
  check_precision(plan, problems);
  check_layout(model, plan, problems);
  for (std::size_t index = 0; index < plan.phases.size(); ++index) {
    check_phase(model, plan, plan.phases[index], "/phases/" + std::to_string(index), problems);
  }
}

void check_device(const DeviceProfile& device, const Plan& plan, Problems& problems) {
  const auto computes = [&](Dtype dtype, const std::string& key) {
    problems.require(!is_narrow(dtype) || device.gpu.fp8_peak.value > 0, "/precision/" + key,
                     std::string(enum_name(dtype)) + ", but " + printable(device.name) +
                         " has no FP8 tensor cores; take bf16 or another cluster");
  };
  computes(plan.precision.linear, "linear");
  computes(plan.precision.head, "head");
  const int lent = plan.expert_communication.sms;
  problems.require(plan.parallelism.expert_parallel <= 1 || lent < device.gpu.sms,
                   "/expert_communication/sms",
                   text(lent) + " SMs for communication leave none of the " + text(device.gpu.sms) +
                       " of " + printable(device.name) + " to compute on");
}

}  // namespace

Plan in_phase(const Plan& plan, const Phase& phase) {
  Plan own = plan;
  if (phase.global_batch_size > 0) own.batch.global_batch_size = phase.global_batch_size;
  if (phase.sequence_length > 0) own.batch.sequence_length = phase.sequence_length;
  if (phase.context_parallel > 0) {
    const std::int64_t ranks = static_cast<std::int64_t>(plan.parallelism.data_parallel) *
                               plan.parallelism.context_parallel;
    own.parallelism.context_parallel = phase.context_parallel;
    own.parallelism.data_parallel =
        static_cast<int>(std::max<std::int64_t>(1, ranks / phase.context_parallel));
  }
  return own;
}

std::vector<PlanProblem> feasible(const ModelSpec& model, const ClusterSpec& cluster,
                                  const Plan& plan) {
  Problems problems;
  check_all_limits(model, cluster, plan, problems);
  if (!problems.empty()) return std::move(problems).take();
  check_model(model, problems);
  check_plan(model, cluster, plan, problems);
  return std::move(problems).take();
}

std::vector<PlanProblem> feasible(const ModelSpec& model, const ClusterSpec& cluster,
                                  const DeviceProfile& device, const Plan& plan) {
  std::vector<PlanProblem> found = feasible(model, cluster, plan);
  Problems more;
  check_device(device, plan, more);
  for (PlanProblem& problem : std::move(more).take()) found.push_back(std::move(problem));
  return found;
}

}  // namespace reckon
