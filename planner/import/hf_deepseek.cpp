// DeepSeek-V2, V3, V3.2, Kimi K2, GLM-5: latent attention, fine-grained experts, MTP, an indexer.
#include <algorithm>
#include <string>
#include <vector>

#include "planner/import/hf_parts.hpp"

namespace reckon {
namespace {

void read_mla(HfReader& in, ModelSpec& model) {
  AttentionSpec& a = model.attention;
  a.kind = AttentionKind::mla;
  in.derived("kv_lora_rank", "attention.kind", "mla");
  a.heads = in.integer("num_attention_heads", "attention.heads", 1);
  in.ignore("num_key_value_heads", "multi-head latent attention has none of their own");
  a.q_lora_rank = in.integer_or("q_lora_rank", "attention.q_lora_rank", 0);
  a.kv_lora_rank = in.integer("kv_lora_rank", "attention.kv_lora_rank", 1);
  a.qk_nope_head_dim = in.integer("qk_nope_head_dim", "attention.qk_nope_head_dim", 1);
  a.qk_rope_head_dim = in.integer("qk_rope_head_dim", "attention.qk_rope_head_dim", 0);
  a.v_head_dim = in.integer("v_head_dim", "attention.v_head_dim", 1);
  in.ignore("head_dim", "the rotary part alone; qk_rope_head_dim has it");
  if (in.has("qk_head_dim") && in.integer("qk_head_dim", "attention.qk_nope_head_dim + rope", 1) !=
                                   a.qk_nope_head_dim + a.qk_rope_head_dim) {
    in.problem("qk_head_dim", "is not qk_nope_head_dim + qk_rope_head_dim");
  }
  if (in.flag_or("attention_bias", "attention.bias_qkv", false)) {
    in.problem("attention_bias", "reckon knows no biases in multi-head latent attention");
  }
}

void read_deepseek_experts(HfReader& in, ModelSpec& model) {
  MoeSpec& moe = model.moe.emplace();
  moe.experts = in.integer("n_routed_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  moe.expert_intermediate = in.integer("moe_intermediate_size", "moe.expert_intermediate", 1);
  moe.shared_experts = in.integer_or("n_shared_experts", "moe.shared_experts", 0);
  moe.groups = in.integer_or("n_group", "moe.groups", 1);
  moe.groups_per_token = in.integer_or("topk_group", "moe.groups_per_token", 1);
  const std::string score = in.word_or("scoring_func", "moe.router_score", "softmax");
  if (score != "softmax" && score != "sigmoid") {
    in.problem("scoring_func", in_quotes(score) + " is unknown; there are softmax, sigmoid");
  }
  moe.router_score = score == "sigmoid" ? RouterScore::sigmoid : RouterScore::softmax;
  moe.selection_bias = in.word_or("topk_method", "moe.selection_bias", "greedy") == "noaux_tc";
  if (moe.selection_bias) in.derived("topk_method", "moe.selection_bias", "true");
  const int dense = in.integer_or("first_k_dense_replace", "moe.first_dense_layers", 0);
  const int step = std::max(1, in.integer_or("moe_layer_freq", "moe.layer_interval", 1));
  std::vector<bool> has_experts = all_layers(model);
  for (int layer = 0; layer < static_cast<int>(has_experts.size()); ++layer) {
    has_experts[static_cast<std::size_t>(layer)] = layer >= dense && layer % step == 0;
  }
  set_moe_layers(in, "first_k_dense_replace", has_experts, model);
}

}  // namespace

void read_deepseek(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_mla(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
  read_deepseek_experts(in, model);
  model.mtp_modules = in.integer_or("num_nextn_predict_layers", "mtp_modules", 0);
}

void read_deepseek_sparse(HfReader& in, ModelSpec& model) {
  read_deepseek(in, model);
  IndexerSpec& indexer = model.attention.indexer.emplace();
  indexer.heads = in.integer("index_n_heads", "attention.indexer.heads", 1);
  indexer.head_dim = in.integer("index_head_dim", "attention.indexer.head_dim", 1);
  indexer.top_k = in.integer("index_topk", "attention.indexer.top_k", 1);
}

}  // namespace reckon
