#include "planner/spec/plan.hpp"

#include <algorithm>

namespace reckon {

int micro_batches(const Plan& plan) {
  const std::int64_t a_round =
      static_cast<std::int64_t>(plan.batch.micro_batch_size) * plan.parallelism.data_parallel;
  if (a_round <= 0 || plan.batch.global_batch_size % a_round != 0) return 0;
  return static_cast<int>(plan.batch.global_batch_size / a_round);
}

int expert_tensor_parallel(const Parallelism& p) {
  return p.expert_tensor_parallel > 0 ? p.expert_tensor_parallel : p.tensor_parallel;
}

int expert_replicas(const Parallelism& p) {
  const std::int64_t ranks =
      static_cast<std::int64_t>(p.tensor_parallel) * p.context_parallel * p.data_parallel;
  const std::int64_t one = static_cast<std::int64_t>(expert_tensor_parallel(p)) * p.expert_parallel;
  return static_cast<int>(std::max<std::int64_t>(1, ranks / std::max<std::int64_t>(1, one)));
}

int stages(const Plan& plan) {
  const Parallelism& p = plan.parallelism;
  switch (plan.schedule) {
    case ScheduleKind::interleaved_one_forward_one_backward:
      return p.pipeline_parallel * p.chunks_per_rank;
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe_v:
      return 2 * p.pipeline_parallel;
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
    case ScheduleKind::dual_pipe:
      break;
  }
  return p.pipeline_parallel;
}

ScheduleShape schedule_shape(const Plan& plan) {
  return {plan.schedule, plan.parallelism.pipeline_parallel, stages(plan), micro_batches(plan)};
}

double tokens_per_rank(const Plan& plan) {
  return static_cast<double>(plan.batch.micro_batch_size) * plan.batch.sequence_length /
         plan.parallelism.context_parallel;
}

double tokens_per_step(const Plan& plan) {
  return static_cast<double>(plan.batch.global_batch_size) * plan.batch.sequence_length;
}

double bytes_per_element(Dtype dtype) {
  constexpr double scale = 4.0 / 128.0;  // one FP32 scale per 128 elements
  switch (dtype) {
    case Dtype::fp32:
      return 4;
    case Dtype::bf16:
      return 2;
    case Dtype::fp8_block:
      return 1 + scale;
    case Dtype::e5m6:
      return 1.5 + scale;
    case Dtype::fp8_tensor:
      return 1;
    case Dtype::mxfp8:
      return 1 + 1.0 / 32;
    case Dtype::nvfp4:
      return 0.5 + 1.0 / 16;
  }
  return 0;
}

}  // namespace reckon
