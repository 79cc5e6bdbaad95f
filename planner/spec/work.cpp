#include "planner/spec/work.hpp"

#include <algorithm>
#include <cmath>

#include "planner/spec/layout.hpp"
#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

constexpr double bf16 = 2;
constexpr double fp32 = 4;

// Shapes of one rank that every part needs, worked out once.
struct Shapes {
  const ModelSpec& model;
  const Plan& plan;
  double tp;
  double tokens;       // of a micro-batch on this rank, after context parallelism
  double norm_tokens;  // tokens that norms and residuals touch (sequence parallel shares them)
  double h;
  double heads;         // local
  double kv;            // local KV heads
  double qk;            // size of one query or key head
  double v;             // size of one value head
  double keys;          // that a query of this layer attends to, the causal mean
  bool full_recompute;  // of this layer
  bool by_tile;         // with scales by tile: DeepSeek's block-scaled FP8
  bool narrow;          // linear layers compute in FP8 or FP4, cast from BF16 first
};

Shapes shapes_of(const ModelSpec& model, const Plan& plan, int layer) {
  const double tp = plan.parallelism.tensor_parallel;
  const double tokens = tokens_per_rank(plan);
  const AttentionSpec& a = model.attention;
  return {model,
          plan,
          tp,
          tokens,
          plan.parallelism.sequence_parallel ? tokens / tp : tokens,
          static_cast<double>(model.hidden),
          a.heads / tp,
          std::max(1.0, kv_heads(a) / tp),
          static_cast<double>(qk_head_dim(a)),
          static_cast<double>(v_head_dim(a)),
          keys_per_query(model, layer, plan.batch.sequence_length),
          recomputes_layer(model, plan, layer),
          plan.precision.linear == Dtype::fp8_block,
          is_narrow(plan.precision.linear)};
}

// Collects the kernels of one part.
struct Kernels {
  const Shapes& s;
  std::vector<KernelWork> list;
  bool recompute = false;

  // A linear layer in x out on m rows, in one of its three directions.
  void linear(GemmRole role, double m, double out, double in, int groups = 1, bool routed = false) {
    gemm(s.plan.precision.linear, role, m, out, in, groups, routed);
  }
  void gemm(Dtype dtype, GemmRole role, double m, double out, double in, int groups, bool routed) {
    KernelWork w;
    w.family = KernelFamily::gemm;
    w.role = role;
    w.dtype = dtype;
    w.groups = groups;
    w.routed = routed;
    w.recompute = recompute;
    const double element = bytes_per_element(dtype);
    switch (role) {
      case GemmRole::output:
        w.m = m, w.n = out, w.k = in;
        break;
      case GemmRole::input_gradient:
        w.m = m, w.n = in, w.k = out;
        break;
      case GemmRole::weight_gradient:
        w.m = out, w.n = in, w.k = m;
        break;
    }
    const double result =
        role == GemmRole::weight_gradient ? 2 * fp32 : bf16;  // accumulates in place
    w.flops = {2 * w.m * w.n * w.k * groups};
    w.bytes = {groups * (element * (w.m * w.k + w.n * w.k) + result * w.m * w.n)};
    list.push_back(w);
  }
  // A memory-bound kernel family that moves `bytes` in `launches` kernels.
  void stream(KernelFamily family, double bytes, double launches, bool routed = false) {
    KernelWork w;
    w.family = family;
    w.bytes = {bytes};
    w.launches = launches;
    w.routed = routed;
    w.recompute = recompute;
    list.push_back(w);
  }
  void attention_core(GemmRole role) {
    if (s.plan.attention_kernel == AttentionKernel::unfused) {
      unfused_attention_core(role);
      return;
    }
    KernelWork w;
    w.family = KernelFamily::attention_core;
    w.role = role;
    w.m = s.tokens;
    w.k = 2 * s.keys;  // the sequence without a window whose causal half is as large
    w.recompute = recompute;
    w.attention = {s.heads, s.kv, s.qk, s.v};
    w.attention_kernel = s.plan.attention_kernel;
    const double scores = s.heads * s.tokens * w.k / 2;  // causal half
    // Forward: QK^T and PV. Backward: both again for the scores, and dQ, dK, dV, dP.
    w.flops = {2 * scores * (role == GemmRole::output ? s.qk + s.v : 3 * s.qk + 2 * s.v)};
    w.bytes = {bf16 * s.tokens * (s.heads * (s.qk + s.v) + s.kv * (s.qk + s.v))};
    list.push_back(w);
  }
  // The same without a fused kernel: two batched products over all of the scores, softmax and
  // dropout in between, which read and write them (Megatron-LM before FlashAttention).
  void unfused_attention_core(GemmRole role) {
    const double length = s.plan.batch.sequence_length;
    const double sequences = s.tokens * s.plan.parallelism.context_parallel / length;
    const int problems = static_cast<int>(std::ceil(s.heads * sequences));
    const double rows = s.tokens / sequences;
    const double scores = s.heads * s.tokens * length;
    constexpr double mask = 1;
    if (role == GemmRole::output) {
      gemm(Dtype::bf16, role, rows, length, s.qk, problems, false);
      stream(KernelFamily::elementwise, scores * (4 * bf16 + mask), 2);
      gemm(Dtype::bf16, role, rows, s.v, length, problems, false);
      return;
    }
    gemm(Dtype::bf16, GemmRole::output, rows, length, s.v, problems, false);  // dP
    gemm(Dtype::bf16, GemmRole::output, length, s.v, rows, problems, false);  // dV
    stream(KernelFamily::elementwise, scores * (5 * bf16 + mask), 2);
    gemm(Dtype::bf16, GemmRole::output, rows, s.qk, length, problems, false);  // dQ
    gemm(Dtype::bf16, GemmRole::output, length, s.qk, rows, problems, false);  // dK
  }
  // Cast of BF16 elements to FP8. With scales by tile, once (3 bytes an element) or with a
  // transposed twin (4 bytes), as DeepSeek's kernels do. Else as Transformer Engine does: both
  // layouts in one pass, at the speed of a copy.
  void quantise(double elements, double launches, bool routed = false,
                bool with_transpose = false) {
    if (!s.narrow) return;
    if (s.by_tile) {
      stream(KernelFamily::quantise, elements * (with_transpose ? 4 : 3), launches, routed);
    } else {
      stream(KernelFamily::copy, elements * (bf16 + 2), 1, routed);
    }
  }
  // Transformer Engine's norms write FP8 themselves; the second layout is left.
  void quantise_norm_output(double elements) {
    if (s.by_tile) {
      quantise(elements, 2);
    } else if (s.narrow) {
      stream(KernelFamily::copy, elements * 2, 1, false);
    }
  }
  // FP8 activations kept by the forward, transposed for a weight gradient.
  void requantise(double elements, double launches, bool routed = false) {
    if (s.by_tile) stream(KernelFamily::quantise, elements * 2, launches, routed);
  }
};

// --- attention
// -------------------------------------------------------------------------------------

bool is_mla(const Shapes& s) { return s.model.attention.kind == AttentionKind::mla; }

// Sizes of MLA's low-rank inputs and per-rank outputs.
struct Mla {
  double q_rank, kv_rank, rope, q_out, kv_out, out_in;
};
Mla mla_of(const Shapes& s) {
  const AttentionSpec& a = s.model.attention;
  return {static_cast<double>(a.q_lora_rank),
          static_cast<double>(a.kv_lora_rank),
          static_cast<double>(a.qk_rope_head_dim),
          s.heads * s.qk,
          s.heads * (a.qk_nope_head_dim + a.v_head_dim),
          s.heads * s.v};
}

// Context parallelism gathers the small latents, so each rank up-projects the keys and values of
// all.
double key_tokens(const Shapes& s) { return s.tokens * s.plan.parallelism.context_parallel; }
void up_projections(Kernels& k, const Mla& m, GemmRole role) {
  if (m.q_rank > 0) k.linear(role, k.s.tokens, m.q_out, m.q_rank);
  k.linear(role, key_tokens(k.s), m.kv_out, m.kv_rank);
}
void down_projections(Kernels& k, const Mla& m, GemmRole role) {
  k.linear(role, k.s.tokens, m.q_rank > 0 ? m.q_rank : m.q_out, k.s.h);
  k.linear(role, k.s.tokens, m.kv_rank + m.rope, k.s.h);
}
void qkv_projection(Kernels& k, GemmRole role) {
  k.linear(role, k.s.tokens, k.s.heads * k.s.qk + k.s.kv * (k.s.qk + k.s.v), k.s.h);
}
void out_projection(Kernels& k, GemmRole role) {
  k.linear(role, k.s.tokens, k.s.h, k.s.heads * k.s.v);
}

double small_norm_width(const Shapes& s) {
  if (is_mla(s)) return mla_of(s).q_rank + mla_of(s).kv_rank;
  const AttentionSpec& a = s.model.attention;
  return a.qk_norm || a.qk_norm_all_heads ? (s.heads + s.kv) * s.qk : 0;
}

// Bytes an element of what PyTorch runs operator by operator / in one fused kernel, which reads and
// writes BF16 once. RMSNorm: to FP32 (2 + 4), square and mean (4 + 4 + 4), scale (4 + 4), to BF16
// (4 + 2), weight (2 + 2) of 4; rotation: to FP32 and complex (2 + 4), product (4 + 4), back (4 +
// 2) of 4; SiLU (2 + 2) and product (4 + 2) of 6.
double eager(const Shapes& s, double ratio) { return s.plan.eager_elementwise ? ratio : 1; }
constexpr double eager_norm = 36.0 / 4;
constexpr double eager_rotation = 20.0 / 4;
constexpr double eager_activation = 10.0 / 6;

// Norms before attention and before the MLP, and the small ones inside attention: read and write.
void norms_forward(Kernels& k) {
  const Shapes& s = k.s;
  k.stream(
      KernelFamily::norm,
      eager(s, eager_norm) * 2 * bf16 * (2 * s.norm_tokens * s.h + s.tokens * small_norm_width(s)),
      small_norm_width(s) > 0 ? 4 : 2);
}
void positions(Kernels& k, double passes) {
  const Shapes& s = k.s;
  if (s.model.positions != Positions::rotary) return;
  const double width =
      is_mla(s) ? s.heads * mla_of(s).rope + mla_of(s).rope : (s.heads + s.kv) * s.qk;
  k.stream(KernelFamily::rope, eager(s, eager_rotation) * passes * 2 * bf16 * s.tokens * width,
           3 * passes);
}
// MLA assembles the keys from the up-projected and the shared rotary part.
void assemble_keys(Kernels& k, double passes) {
  if (is_mla(k.s)) {
    k.stream(KernelFamily::copy, passes * 2 * bf16 * key_tokens(k.s) * k.s.heads * k.s.qk,
             6 * passes);
  }
}

// --- the indexer of sparse attention
// ---------------------------------------------------------------------------------

// Its inputs are detached from the graph (DeepSeek-V3.2 report, section 2.1.1), so its projections
// have no input gradients.
void index_projections(Kernels& k, GemmRole role) {
  const AttentionSpec& a = k.s.model.attention;
  if (!a.indexer) return;
  const double in = a.q_lora_rank > 0 ? a.q_lora_rank : k.s.h;
  k.linear(role, k.s.tokens, static_cast<double>(a.indexer->heads) * a.indexer->head_dim, in);
  k.linear(role, k.s.tokens, a.indexer->head_dim, k.s.h);
  k.gemm(Dtype::bf16, role, k.s.tokens, a.indexer->heads, k.s.h, 1, false);
}
// One score for each earlier token, summed over the heads inside the kernel.
void index_scores(Kernels& k, GemmRole role) {
  const AttentionSpec& a = k.s.model.attention;
  if (!a.indexer) return;
  const double keys = k.s.plan.batch.sequence_length / 2.0;  // causal
  k.linear(role, k.s.tokens, keys, static_cast<double>(a.indexer->heads) * a.indexer->head_dim);
  if (role == GemmRole::output) {  // read for the best
    k.stream(KernelFamily::router, bf16 * k.s.tokens * keys, 1);
  }
}

PartWork attention_forward(const Shapes& s, bool moe_layer) {
  Kernels k{s, {}};
  norms_forward(k);
  if (is_mla(s)) {
    const Mla m = mla_of(s);
    k.quantise(s.tokens * (s.h + m.q_rank + m.kv_rank), 10);
    down_projections(k, m, GemmRole::output);
    up_projections(k, m, GemmRole::output);
  } else {
    k.quantise_norm_output(s.tokens * s.h);
    qkv_projection(k, GemmRole::output);
  }
  positions(k, 1);
  assemble_keys(k, 1);
  index_projections(k, GemmRole::output);
  index_scores(k, GemmRole::output);
  k.attention_core(GemmRole::output);
  k.quantise(s.tokens * s.heads * s.v, 2);
  out_projection(k, GemmRole::output);
  k.stream(KernelFamily::elementwise, 3 * bf16 * s.norm_tokens * s.h, is_mla(s) ? 25 : 4);
  if (moe_layer) {  // routing is decided before the dispatch
    const double experts = s.model.moe->experts;
    k.gemm(Dtype::bf16, GemmRole::output, s.norm_tokens, experts, s.h, 1, false);
    k.stream(KernelFamily::router, 5 * fp32 * s.norm_tokens * experts, 5);
    if (is_narrow(s.plan.precision.dispatch)) k.quantise(s.norm_tokens * s.h, 4);  // to be sent
  }
  return {k.list, {}, {}};
}

// torchtitan's operator checkpointing keeps every second matrix product of q, k, v, o, gate, up and
// down: k, o and up are made again, with what lies between them.
void recompute_second_matmuls_of_attention(Kernels& k) {
  const Shapes& s = k.s;
  norms_forward(k);
  positions(k, 1);
  k.linear(GemmRole::output, s.tokens, s.kv * s.qk, s.h);
  out_projection(k, GemmRole::output);
}

void attention_recompute(Kernels& k, bool moe_layer) {
  const Shapes& s = k.s;
  k.recompute = true;
  if (s.full_recompute) {
    const std::vector<KernelWork> again = attention_forward(s, moe_layer).kernels;
    for (KernelWork w : again) {
      w.recompute = true;
      k.list.push_back(w);
    }
  } else {
    if (s.plan.recompute.norm) norms_forward(k);
    if (s.plan.recompute.mla_up_projection && is_mla(s)) {
      up_projections(k, mla_of(s), GemmRole::output);
      positions(k, 1);
      assemble_keys(k, 1);
    }
    if (s.plan.recompute.attention_core) k.attention_core(GemmRole::output);
    if (s.plan.recompute.every_other_matmul) recompute_second_matmuls_of_attention(k);
  }
  k.recompute = false;
}

PartWork attention_backward_input(const Shapes& s, bool moe_layer) {
  Kernels k{s, {}};
  attention_recompute(k, moe_layer);
  const double t = s.tokens;
  if (moe_layer) {
    const double experts = s.model.moe->experts;
    k.gemm(Dtype::bf16, GemmRole::input_gradient, s.norm_tokens, experts, s.h, 1, false);
    k.gemm(Dtype::bf16, GemmRole::weight_gradient, s.norm_tokens, experts, s.h, 1, false);
  }
  k.quantise(t * s.h, 4, false, true);
  out_projection(k, GemmRole::input_gradient);
  k.stream(KernelFamily::attention_helper, t * s.heads * (2 * bf16 * s.v + (fp32 + bf16) * s.qk),
           2);
  k.attention_core(GemmRole::input_gradient);
  index_scores(k, GemmRole::input_gradient);
  index_scores(k, GemmRole::weight_gradient);  // of the keys
  positions(k, 1);
  assemble_keys(k, 1);
  if (is_mla(s)) {
    const Mla m = mla_of(s);
    k.quantise(t * (m.q_out + m.q_rank + m.kv_rank + m.rope) + key_tokens(s) * m.kv_out, 12, false,
               true);
    k.requantise(t * (m.out_in + m.q_rank + m.kv_rank + s.h), 8);
    up_projections(k, m, GemmRole::input_gradient);
    down_projections(k, m, GemmRole::input_gradient);
  } else {
    k.quantise(t * (s.heads * s.qk + s.kv * (s.qk + s.v)), 2, false, true);
    k.requantise(t * (s.heads * s.v + s.h), 2);
    qkv_projection(k, GemmRole::input_gradient);
  }
  const double widths = s.norm_tokens * s.h + t * small_norm_width(s);
  k.stream(KernelFamily::norm, eager(s, eager_norm) * 3 * bf16 * widths,
           small_norm_width(s) > 0 ? 6 : 2);
  k.stream(KernelFamily::elementwise, 6 * bf16 * s.norm_tokens * s.h, is_mla(s) ? 35 : 6);
  return {k.list, {}, {}};
}

PartWork attention_backward_weight(const Shapes& s) {
  Kernels k{s, {}};
  if (is_mla(s)) {
    up_projections(k, mla_of(s), GemmRole::weight_gradient);
    down_projections(k, mla_of(s), GemmRole::weight_gradient);
  } else {
    qkv_projection(k, GemmRole::weight_gradient);
  }
  out_projection(k, GemmRole::weight_gradient);
  index_projections(k, GemmRole::weight_gradient);
  return {k.list, {}, {}};
}

// --- MLP: dense, shared and routed experts
// --------------------------------------------------------------

// Width of the first projection per unit of MLP width: gate and up, or up alone.
double up_width(const Shapes& s) { return s.model.activation == Activation::swiglu ? 2 : 1; }

struct Experts {
  int local;         // experts on this rank
  double rows;       // routed rows of this rank, balanced
  double rows_each;  // of one local expert, padded to the GEMM's 128-row tiles
  double unique;     // distinct tokens that reach this rank
  double width;      // of one expert
};
Experts experts_of(const Shapes& s) {
  const MoeSpec& moe = *s.model.moe;
  const int local = std::max(1, moe.experts / s.plan.parallelism.expert_parallel);
  const double rows = routed_rows(s.model, s.plan);
  const double each = std::ceil(rows / local / 128) * 128;
  // A token reaches a rank once, however many of its experts it finds there.
  const double miss = std::pow(1 - static_cast<double>(local) / moe.experts, moe.experts_per_token);
  const double etp = expert_tensor_parallel(s.plan.parallelism);
  const double senders = s.plan.parallelism.expert_parallel * etp / s.tp;
  return {local, rows, each, std::min(rows, s.tokens * senders * (1 - miss)),
          moe.expert_intermediate / etp};
}

double shared_width(const Shapes& s, bool moe_layer) {
  if (!moe_layer) return s.model.intermediate / s.tp;
  return s.model.moe->shared_experts * static_cast<double>(s.model.moe->expert_intermediate) / s.tp;
}

void dense_mlp(Kernels& k, double width, GemmRole role) {
  if (width <= 0) return;
  k.linear(role, k.s.tokens, up_width(k.s) * width, k.s.h);
  k.linear(role, k.s.tokens, k.s.h, width);
}
void routed_mlp(Kernels& k, const Experts& e, GemmRole role) {
  k.linear(role, e.rows_each, up_width(k.s) * e.width, k.s.h, e.local, true);
  k.linear(role, e.rows_each, k.s.h, e.width, e.local, true);
}
// Reads gate and up, writes the product (FP8 when the next GEMM is).
void activation_forward(Kernels& k, double elements, bool routed) {
  const double out = k.s.narrow ? 1 : bf16;
  k.stream(KernelFamily::activation,
           eager(k.s, eager_activation) * elements * (bf16 * up_width(k.s) + out), 1, routed);
}
void activation_backward(Kernels& k, double elements, bool routed) {
  const double again = k.s.plan.recompute.swiglu ? 1 : 0;
  k.stream(KernelFamily::activation,
           eager(k.s, eager_activation) * elements * (2 * bf16 * up_width(k.s) + bf16 + again), 2,
           routed);
}

// Bytes of one row of tokens as dispatched, permuted in memory: read and write.
double permute_bytes(const Shapes& s, double rows) {
  return 2 * rows * s.h * (is_narrow(s.plan.precision.dispatch) ? 1 : bf16);
}

PartWork mlp_forward(const Shapes& s, bool moe_layer) {
  Kernels k{s, {}};
  const double width = shared_width(s, moe_layer);
  k.quantise_norm_output(s.tokens * s.h);
  dense_mlp(k, width, GemmRole::output);
  if (width > 0) activation_forward(k, s.tokens * width, false);
  if (moe_layer) {
    const Experts e = experts_of(s);
    k.stream(KernelFamily::routing_map, fp32 * 8 * e.rows, 2, true);
    k.stream(KernelFamily::permute, permute_bytes(s, e.rows), 1, true);
    if (!is_narrow(s.plan.precision.dispatch)) k.quantise(e.rows * s.h, 2, true);
    routed_mlp(k, e, GemmRole::output);
    activation_forward(k, e.rows * e.width, true);
    k.quantise(e.rows * e.width, 4, true);
    k.stream(KernelFamily::unpermute, bf16 * s.h * (e.rows + e.unique), 1, true);
  } else {
    k.quantise(s.tokens * width, 2);
    k.stream(KernelFamily::elementwise, 3 * bf16 * s.norm_tokens * s.h, 1);  // residual
  }
  return {k.list, {}, {}};
}

// All of a dense MLP's forward that its backward needs.
PartWork dense_mlp_until_last(const Shapes& s) {
  Kernels k{s, {}};
  const double width = shared_width(s, false);
  k.quantise_norm_output(s.tokens * s.h);
  k.linear(GemmRole::output, s.tokens, up_width(s) * width, s.h);
  activation_forward(k, s.tokens * width, false);
  k.quantise(s.tokens * width, 2);
  return {k.list, {}, {}};
}

bool recomputes_mlp(const Shapes& s, bool moe_layer) {
  const Recompute& r = s.plan.recompute;
  return s.full_recompute || (moe_layer ? r.experts : r.mlp);
}

void mlp_recompute(Kernels& k, bool moe_layer) {
  const Shapes& s = k.s;
  const double width = shared_width(s, moe_layer);
  k.recompute = true;
  if (recomputes_mlp(s, moe_layer)) {
    const bool stops_early = s.full_recompute && s.plan.recompute.keeps_last_input && !moe_layer;
    const PartWork again = stops_early ? dense_mlp_until_last(s) : mlp_forward(s, moe_layer);
    for (KernelWork w : again.kernels) {
      w.recompute = true;
      k.list.push_back(w);
    }
  } else if (s.plan.recompute.mlp && width > 0) {  // shared experts
    dense_mlp(k, width, GemmRole::output);
    activation_forward(k, s.tokens * width, false);
  } else if (s.plan.recompute.every_other_matmul && width > 0) {
    k.linear(GemmRole::output, s.tokens, width, s.h);
    activation_forward(k, s.tokens * width, false);
  }
  k.recompute = false;
}

PartWork mlp_backward_input(const Shapes& s, bool moe_layer) {
  Kernels k{s, {}};
  const double width = shared_width(s, moe_layer);
  mlp_recompute(k, moe_layer);
  if (width > 0) {
    k.quantise(s.tokens * (s.h + up_width(s) * width), 4, false, true);
    dense_mlp(k, width, GemmRole::input_gradient);
    activation_backward(k, s.tokens * width, false);
  }
  if (moe_layer) {
    const Experts e = experts_of(s);
    k.stream(KernelFamily::permute, permute_bytes(s, e.rows), 1, true);
    k.requantise(e.rows * s.h, 4, true);
    k.quantise(e.rows * up_width(s) * e.width, 4, true, true);
    routed_mlp(k, e, GemmRole::input_gradient);
    activation_backward(k, e.rows * e.width, true);
    k.stream(KernelFamily::unpermute, bf16 * s.h * (e.rows + e.unique), 1, true);
  }
  k.stream(KernelFamily::norm, eager(s, eager_norm) * 3 * bf16 * s.norm_tokens * s.h, 2);
  return {k.list, {}, {}};
}

PartWork mlp_backward_weight(const Shapes& s, bool moe_layer) {
  Kernels k{s, {}};
  const double width = shared_width(s, moe_layer);
  if (width > 0) {
    k.requantise(s.tokens * (s.h + width), 2);
    dense_mlp(k, width, GemmRole::weight_gradient);
  }
  if (moe_layer) {
    const Experts e = experts_of(s);
    k.requantise(e.rows * (s.h + e.width), 4, true);
    routed_mlp(k, e, GemmRole::weight_gradient);
  }
  return {k.list, {}, {}};
}

// --- embedding, head, expert transfers
// ----------------------------------------------------------------

// An MTP module starts with a 2h x h projection of two norms (DeepSeek-V3 report, section 2.2).
void mtp_projection(Kernels& k, GemmRole role) {
  k.linear(role, k.s.tokens, k.s.h, 2 * k.s.h);
  k.stream(KernelFamily::norm, 4 * bf16 * k.s.norm_tokens * k.s.h, 2);
}

PartWork head(const Shapes& s, GemmRole role) {
  Kernels k{s, {}};
  const double vocabulary = s.model.vocabulary / s.tp;
  k.gemm(s.plan.precision.head, role, s.tokens, vocabulary, s.h, 1, false);
  if (role == GemmRole::output) {
    k.stream(KernelFamily::norm, 2 * bf16 * s.norm_tokens * s.h, 1);
    // Read the logits for maximum and sum, write their gradient in place.
    k.stream(KernelFamily::cross_entropy, 3 * bf16 * s.tokens * vocabulary, 2);
  }
  return {k.list, {}, {}};
}

PartWork embedding(const Shapes& s, bool backward) {
  Kernels k{s, {}};
  const double bytes = backward ? bf16 + 2 * fp32 : 2 * bf16;
  k.stream(KernelFamily::embedding, bytes * s.tokens * s.h, 1);
  return {k.list, {}, {}};
}

PartWork expert_transfer(const Shapes& s, bool is_combine, bool backward) {
  Kernels k{s, {}};
  const Dtype dtype = is_combine ? s.plan.precision.combine : s.plan.precision.dispatch;
  if (!is_combine && !backward) {  // the layout kernel of a fresh dispatch
    k.stream(KernelFamily::routing_map,
             fp32 * 8 * s.norm_tokens * s.model.moe->experts_per_token / 2, 1);
  }
  if (!is_combine && backward && is_narrow(s.plan.precision.dispatch)) {
    k.quantise(s.norm_tokens * s.h, 2);  // the gradients that are dispatched
  }
  PartWork work{k.list, {}, {}};
  if (s.plan.parallelism.expert_parallel > 1) {
    // Recomputation of the experts dispatches and combines once more before the layer's backward
    // does.
    const double passes = backward && recomputes_mlp(s, true) ? 2 : 1;
    work.experts = {passes * s.norm_tokens,
                    {s.h * bytes_per_element(dtype)},
                    is_combine,
                    !is_combine && backward};
  }
  return work;
}

// Tensor parallelism gathers the input of a part and reduces its output (Megatron); context
// parallelism gathers keys and values. Backward does the mirror image.
// Whether a part's backward runs its forward's exchanges once more.
bool exchanges_again(const Shapes& s, PartKind part, bool moe) {
  if (part == PartKind::attention_backward_input) return s.full_recompute;
  return part == PartKind::mlp_backward_input && recomputes_mlp(s, moe);
}

void add_tensor_exchange(const Shapes& s, bool without_result, PartWork& work) {
  const Bytes activations{bf16 * s.tokens * s.h};
  if (!s.plan.parallelism.sequence_parallel) {
    if (!without_result) work.transfers.push_back({TransferKind::all_reduce, false, activations});
    return;
  }
  work.transfers.push_back({TransferKind::all_gather, false, activations});
  if (!without_result) work.transfers.push_back({TransferKind::reduce_scatter, false, activations});
}

void add_transfers(const Shapes& s, PartKind part, bool moe, PartWork& work) {
  const Parallelism& p = s.plan.parallelism;
  const bool attention =
      part == PartKind::attention_forward || part == PartKind::attention_backward_input;
  const bool mlp = part == PartKind::mlp_forward || part == PartKind::mlp_backward_input;
  if (!attention && !mlp) return;
  const bool routed = mlp && moe;
  // Experts that no ranks share take their rows as they were sent; the shared ones are dense.
  const bool dense = !routed || p.expert_parallel == 1 || shared_width(s, moe) > 0;
  const bool again = exchanges_again(s, part, moe);
  if (p.tensor_parallel > 1 && dense) {
    add_tensor_exchange(s, false, work);
    const bool stops_early = s.plan.recompute.keeps_last_input && mlp && !moe;
    if (again) add_tensor_exchange(s, stops_early, work);
  }
  if (routed && p.expert_parallel > 1 && expert_tensor_parallel(p) > 1) {
    const Bytes rows{bf16 * routed_rows(s.model, s.plan) * s.h};
    for (int pass = 0; pass < (again ? 2 : 1); ++pass) {
      work.transfers.push_back({TransferKind::all_gather, false, rows});
      work.transfers.push_back({TransferKind::reduce_scatter, false, rows});
    }
  }
  if (attention && p.context_parallel > 1) {
    const double core = is_mla(s) ? mla_of(s).kv_rank + mla_of(s).rope : s.kv * (s.qk + s.v);
    const auto& indexer = s.model.attention.indexer;
    const double width = core + (indexer ? indexer->head_dim : 0);
    const Bytes keys{bf16 * s.tokens * p.context_parallel * width};
    work.transfers.push_back({TransferKind::all_gather, true, keys});
    if (part == PartKind::attention_backward_input) {
      work.transfers.push_back({TransferKind::reduce_scatter, true, keys});
      if (again || s.plan.recompute.attention_core) {
        work.transfers.push_back({TransferKind::all_gather, true, keys});
      }
    }
  }
}

PartWork layer_part(const Shapes& s, PartKind part, bool moe) {
  switch (part) {
    case PartKind::attention_forward:
      return attention_forward(s, moe);
    case PartKind::mlp_forward:
      return mlp_forward(s, moe);
    case PartKind::dispatch_forward:
      return expert_transfer(s, false, false);
    case PartKind::combine_forward:
      return expert_transfer(s, true, false);
    case PartKind::combine_backward:
      return expert_transfer(s, false, true);
    case PartKind::dispatch_backward:
      return expert_transfer(s, true, true);
    case PartKind::mlp_backward_input:
      return mlp_backward_input(s, moe);
    case PartKind::mlp_backward_weight:
      return mlp_backward_weight(s, moe);
    case PartKind::attention_backward_input:
      return attention_backward_input(s, moe);
    case PartKind::attention_backward_weight:
      return attention_backward_weight(s);
    case PartKind::head_forward:
      return head(s, GemmRole::output);
    case PartKind::head_backward_input:
      return head(s, GemmRole::input_gradient);
    case PartKind::head_backward_weight:
      return head(s, GemmRole::weight_gradient);
    case PartKind::embedding_forward:
      return embedding(s, false);
    case PartKind::embedding_backward_weight:
      return embedding(s, true);
    case PartKind::pipeline_send:
    case PartKind::gradient_reduction:
    case PartKind::optimizer:
    case PartKind::parameter_gather:
    case PartKind::weight_gather:
    case PartKind::gradient_scatter:
      break;  // sized by the step, not by a layer
  }
  return {};
}

// The projection belongs to the attention part of an MTP layer.
void add_mtp_projection(const Shapes& s, PartKind part, PartWork& work) {
  Kernels k{s, {}};
  if (part == PartKind::attention_forward) mtp_projection(k, GemmRole::output);
  if (part == PartKind::attention_backward_input) mtp_projection(k, GemmRole::input_gradient);
  if (part == PartKind::attention_backward_weight) mtp_projection(k, GemmRole::weight_gradient);
  work.kernels.insert(work.kernels.end(), k.list.begin(), k.list.end());
}

}  // namespace

double routed_rows(const ModelSpec& model, const Plan& plan) {
  if (!model.moe) return 0;
  const Parallelism& p = plan.parallelism;
  const double share = static_cast<double>(expert_tensor_parallel(p)) / p.tensor_parallel;
  return tokens_per_rank(plan) * share * model.moe->experts_per_token;
}

PartWork work_of(const ModelSpec& model, const Plan& plan, PartKind part, int layer) {
  const Shapes s = shapes_of(model, plan, layer);
  const bool moe = is_moe_layer(model, layer);
  PartWork work = layer_part(s, part, moe);
  if (layer >= model.layers) add_mtp_projection(s, part, work);
  add_transfers(s, part, moe, work);
  return work;
}

Flops total_flops(const PartWork& work) {
  Flops sum;
  for (const KernelWork& k : work.kernels) sum += k.flops;
  return sum;
}

}  // namespace reckon
