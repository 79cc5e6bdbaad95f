#include "tests/property/any_case.hpp"

#include <numeric>
#include <vector>

#include "planner/feasible.hpp"

namespace reckon::test {
namespace {

using Kind = ScheduleKind;

void choose_schedule(Plan& plan) {
  Parallelism& p = plan.parallelism;
  plan.schedule = static_cast<Kind>(*rc::gen::inRange(0, int{EnumNames<Kind>::table.size()}));
  p.pipeline_parallel = *rc::gen::inRange(1, 9);
  if (plan.schedule == Kind::dual_pipe) p.pipeline_parallel += p.pipeline_parallel % 2;
  if (plan.schedule == Kind::interleaved_one_forward_one_backward) {
    p.chunks_per_rank = *rc::gen::inRange(2, 4);
  }
}

int choose_micro_batches(const Plan& plan) {
  const int ranks = plan.parallelism.pipeline_parallel;
  const int more = *rc::gen::inRange(1, 6);
  switch (plan.schedule) {
    case Kind::interleaved_one_forward_one_backward:
      return ranks * (1 + more % 3);
    case Kind::dual_pipe:
      return 2 * (ranks + more);
    case Kind::dual_pipe_v:
      return 2 * ranks + more;
    case Kind::gpipe:
    case Kind::one_forward_one_backward:
    case Kind::zb_h1:
    case Kind::zb_h2:
    case Kind::zb_v:
      break;
  }
  return more;
}

void choose_parallelism(Case& made) {
  Parallelism& p = made.plan.parallelism;
  p.tensor_parallel = *rc::gen::element(1, 1, 2, 4);
  p.sequence_parallel = *rc::gen::arbitrary<bool>();
  p.context_parallel = *rc::gen::element(1, 1, 2);
  p.data_parallel = *rc::gen::element(1, 2, 4, 6);
  p.zero_stage = *rc::gen::inRange(0, 4);
  if (made.model.moe) {
    const int most = std::gcd(16, p.data_parallel * p.context_parallel);
    p.expert_parallel = std::gcd(most, *rc::gen::element(1, 2, 4, 8));
  }
  const int gpus = p.tensor_parallel * p.pipeline_parallel * p.context_parallel * p.data_parallel;
  made.cluster = round_cluster(1);
  made.cluster.gpus_per_node = std::gcd(gpus, *rc::gen::element(2, 4, 8));
  made.cluster.nodes = gpus / made.cluster.gpus_per_node;
}

void choose_switches(Plan& plan) {
  plan.recompute.full = *rc::gen::inRange(0, 5) == 0;
  plan.recompute.norm = *rc::gen::arbitrary<bool>();
  plan.recompute.swiglu = *rc::gen::arbitrary<bool>();
  plan.recompute.attention_core = *rc::gen::arbitrary<bool>();
  plan.expert_communication.sms = *rc::gen::inRange(0, 60);
  plan.expert_communication.overlap_in_pairs = *rc::gen::inRange(0, 4) > 0;
  plan.overlap.gradient_reduction = *rc::gen::arbitrary<bool>();
  plan.overlap.parameter_gather = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) plan.precision.linear = Dtype::fp8_block;
  plan.effects.routing_relative_deviation = *rc::gen::element(0.0, 0.08, 0.3);
  plan.effects.jitter_relative_deviation = *rc::gen::element(0.0, 0.02, 0.2);
  plan.effects.seed = *rc::gen::inRange(0, 1000);
}

Case choose() {
  Case made;
  made.device = round_device();
  made.device.sustained.bf16_rate_factor = *rc::gen::element(1.0, 0.9, 0.5);
  choose_schedule(made.plan);
  const int layers = stages(made.plan) + *rc::gen::inRange(0, 4);
  made.model = *rc::gen::arbitrary<bool>() && layers > 1 ? small_moe_model(layers)
                                                         : small_dense_model(layers);
  made.model.mtp_modules = *rc::gen::inRange(0, 4) == 0 ? 1 : 0;
  choose_parallelism(made);
  choose_switches(made.plan);
  Batch& batch = made.plan.batch;
  batch.micro_batch_size = *rc::gen::inRange(1, 3);
  batch.sequence_length = 8 * *rc::gen::inRange(1, 200);
  batch.global_batch_size = choose_micro_batches(made.plan) * batch.micro_batch_size *
                            made.plan.parallelism.data_parallel;
  return made;
}

}  // namespace

rc::Gen<Case> any_case() {
  return rc::gen::exec([] {
    Case made = choose();
    const std::vector<PlanProblem> problems =
        feasible(made.model, made.cluster, made.device, made.plan);
    for (const PlanProblem& problem : problems) RC_LOG() << problem.message << "\n";
    RC_ASSERT(problems.empty());
    return made;
  });
}

void showValue(const Case& given, std::ostream& out) {
  const Plan& plan = given.plan;
  const Parallelism& p = plan.parallelism;
  out << enum_name(plan.schedule) << ", PP " << p.pipeline_parallel << " x " << p.chunks_per_rank
      << ", TP " << p.tensor_parallel << (p.sequence_parallel ? " sequence" : "") << ", CP "
      << p.context_parallel << ", DP " << p.data_parallel << ", EP " << p.expert_parallel
      << ", ZeRO-" << p.zero_stage << ", " << micro_batches(plan) << " micro-batches of "
      << plan.batch.micro_batch_size << " x " << plan.batch.sequence_length << ", "
      << given.model.layers << (given.model.moe ? " layers with experts, " : " dense layers, ")
      << given.model.mtp_modules << " MTP, " << given.cluster.nodes << " nodes of "
      << given.cluster.gpus_per_node << ", " << plan.expert_communication.sms << " SMs lent, "
      << (plan.expert_communication.overlap_in_pairs ? "" : "no ") << "overlap, exchanges "
      << plan.overlap.gradient_reduction << plan.overlap.parameter_gather << ", clock "
      << given.device.sustained.bf16_rate_factor << ", routing "
      << plan.effects.routing_relative_deviation << ", jitter "
      << plan.effects.jitter_relative_deviation << ", seed " << plan.effects.seed;
}

}  // namespace reckon::test
