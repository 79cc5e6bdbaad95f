// The lowering: which kernels and transfers one part (attention, MLP, dispatch, ...) of one layer
// is made of, with their shapes, FLOPs and bytes. Both executors ask it; nobody counts twice.
//
// Read work.cpp from top to bottom to see what a layer costs: one function a part, one line a
// kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/parts.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

enum class KernelFamily : std::uint8_t {
  gemm,
  attention_core,
  attention_helper,  // backward pre- and post-processing
  norm,
  rope,
  quantise,  // casts to FP8, transposes for the weight gradients included
  copy,
  elementwise,
  router,
  activation,
  permute,
  unpermute,
  routing_map,
  cross_entropy,
  embedding,
  optimizer,
};
constexpr int kernel_families = 16;

enum class GemmRole : std::uint8_t { output, input_gradient, weight_gradient };

template <>
struct EnumNames<KernelFamily> {
  static constexpr std::array<std::pair<KernelFamily, std::string_view>, kernel_families> table{{
      {KernelFamily::gemm, "gemm"},
      {KernelFamily::attention_core, "attention_core"},
      {KernelFamily::attention_helper, "attention_helper"},
      {KernelFamily::norm, "norm"},
      {KernelFamily::rope, "rope"},
      {KernelFamily::quantise, "quantise"},
      {KernelFamily::copy, "copy"},
      {KernelFamily::elementwise, "elementwise"},
      {KernelFamily::router, "router"},
      {KernelFamily::activation, "activation"},
      {KernelFamily::permute, "permute"},
      {KernelFamily::unpermute, "unpermute"},
      {KernelFamily::routing_map, "routing_map"},
      {KernelFamily::cross_entropy, "cross_entropy"},
      {KernelFamily::embedding, "embedding"},
      {KernelFamily::optimizer, "optimizer"},
  }};
};
template <>
struct EnumNames<GemmRole> {
  static constexpr std::array<std::pair<GemmRole, std::string_view>, 3> table{{
      {GemmRole::output, "output"},
      {GemmRole::input_gradient, "input_gradient"},
      {GemmRole::weight_gradient, "weight_gradient"},
  }};
};

// The heads of an attention core on one rank; nothing else has them.
struct AttentionHeads {
  double heads = 0, kv_heads = 0;
  double qk_dim = 0, v_dim = 0;
};

// One kernel, or `launches` alike ones. A GEMM is `groups` problems of m x n x k. An attention core
// has m = query tokens and k = sequence length; its flops count the causal half only.
struct KernelWork {
  KernelFamily family = KernelFamily::gemm;
  GemmRole role = GemmRole::output;
  Dtype dtype = Dtype::bf16;
  int groups = 1;
  double m = 0, n = 0, k = 0;
  Flops flops;
  Bytes bytes;
  double launches = 1;
  AttentionHeads attention;
  AttentionKernel attention_kernel = AttentionKernel::best;
  bool routed = false;     // scales with the rows that routing sends to this rank
  bool recompute = false;  // work of the forward done again in the backward
};

enum class TransferKind : std::uint8_t { all_gather, reduce_scatter, all_reduce };

// A collective inside a layer, over tensor or context parallel ranks; `bytes` is the full buffer.
struct TransferWork {
  TransferKind kind = TransferKind::all_gather;
  bool context_parallel = false;  // else tensor parallel
  Bytes bytes;
};

// Tokens that a rank sends to experts, and the bytes of one copy. Zero tokens: no transfer.
struct ExpertTransfer {
  double tokens = 0;
  Bytes bytes_per_copy;
  bool is_combine = false;
  bool layout_known = false;  // the cached dispatch of the backward
};

struct PartWork {
  std::vector<KernelWork> kernels;
  std::vector<TransferWork> transfers;
  ExpertTransfer experts;
};

// What `part` of `layer` is made of on one rank of the plan. `layer` counts model layers from 0;
// layers model.layers .. model.layers + mtp_modules - 1 are the MTP modules (projection, layer and
// head of each). Head and embedding parts ignore it, but for an MTP layer the head is that module's
// pass. Sources: DeepSeek-V3 report sections 3.2-3.3 (precision, recompute, order), profile-data
// (which kernels run in which part), Megatron's tensor and sequence parallelism (arXiv:2205.05198).
PartWork work_of(const ModelSpec& model, const Plan& plan, PartKind part, int layer);

Flops total_flops(const PartWork& work);

// Rows that routing sends to the local experts of one rank, balanced routing.
double routed_rows(const ModelSpec& model, const Plan& plan);

}  // namespace reckon
