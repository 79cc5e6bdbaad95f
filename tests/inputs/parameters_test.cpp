// Parameters and FLOPs of the shipped models against the figures that their authors and others
// give, and against counts made by hand (in comments).
#include "planner/spec/parameters.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "planner/catalog.hpp"

namespace reckon {
namespace {

ModelSpec shipped(const std::string& name) { return load_model(RECKON_DATA_DIR, name); }

std::string billions(double count, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, count / 1e9);
  return text;
}

double flops(const ModelSpec& model, AttentionCounting counting) {
  return model_flops_per_token(model, 4096, counting).value;
}

TEST(Parameters, DeepSeekV3LayerByPart) {
  const ModelSpec model = shipped("deepseek-v3");
  const LayerParameters moe = layer_parameters(model, true);
  // 7168 x 1536 + 1536 x 128 x 192 + 7168 x 576 + 512 x 128 x 256 + 128 x 128 x 7168
  EXPECT_EQ(moe.attention, 11010048.0 + 37748736 + 4128768 + 16777216 + 117440512);
  EXPECT_EQ(moe.attention, 187105280.0);
  EXPECT_EQ(moe.norms, 16384.0);          // 2 x 7168 + 1536 + 512
  EXPECT_EQ(moe.one_expert, 44040192.0);  // 3 x 7168 x 2048
  EXPECT_EQ(moe.experts, 11274289152.0);
  EXPECT_EQ(moe.mlp, 44040192.0);          // the shared expert
  EXPECT_EQ(moe.router, 1835008.0 + 256);  // and the selection bias
  EXPECT_EQ(moe.total(), 11507286272.0);
  const LayerParameters dense = layer_parameters(model, false);
  EXPECT_EQ(dense.mlp, 396361728.0);  // 3 x 7168 x 18432
  EXPECT_EQ(dense.total(), 583483392.0);
  EXPECT_FALSE(is_moe_layer(model, 2));
  EXPECT_TRUE(is_moe_layer(model, 3));
}

TEST(Parameters, DeepSeekV3Totals) {
  const ModelSpec model = shipped("deepseek-v3");
  const ParameterCount count = count_parameters(model);
  EXPECT_EQ(count.total, 671026419200.0);
  EXPECT_EQ(count.active, 37552297472.0);
  EXPECT_EQ(count.matmul_per_token, 36624596992.0);
  EXPECT_EQ(count.embedding, 926679040.0);
  EXPECT_EQ(count.head, 926679040.0);
  EXPECT_EQ(count.mtp_unique, 11610068224.0);
  EXPECT_EQ(count.mtp_matmul_per_token, 1614741504.0);
  EXPECT_EQ(count.total + count.mtp_unique, 682636487424.0);
  EXPECT_EQ(flops(model, AttentionCounting::causal), 250449887232.0);
  EXPECT_EQ(flops(model, AttentionCounting::full), 281152192512.0);
  const double with_mtp = model_flops_per_token(model, 4096, AttentionCounting::causal, true).value;
  EXPECT_EQ(with_mtp, 250449887232.0 + 10191765504.0);
  EXPECT_EQ(kv_cache_per_token(model).value, 70272.0);  // ISCA'25 Table 1: 70.272 KB
}

TEST(Parameters, DeepSeekV2) {
  const ModelSpec model = shipped("deepseek-v2");
  const ParameterCount count = count_parameters(model);
  EXPECT_EQ(count.total, 235741434880.0);
  EXPECT_EQ(count.active, 21375800320.0);
  EXPECT_EQ(count.matmul_per_token, 20850769920.0);
  EXPECT_EQ(count.embedding, 524288000.0);
  EXPECT_EQ(count.mtp_unique, 0.0);
  const LayerParameters moe = layer_parameters(model, true);
  EXPECT_EQ(moe.attention, 149225472.0);
  EXPECT_EQ(moe.norms, 12288.0);
  EXPECT_EQ(moe.mlp, 47185920.0);  // two shared experts
  EXPECT_EQ(moe.router, 819200.0);
  EXPECT_EQ(moe.total(), 3972116480.0);
  EXPECT_EQ(layer_parameters(model, false).total(), 337981440.0);
  EXPECT_EQ(flops(model, AttentionCounting::causal), 155303608320.0);  // ISCA'25 Table 2: 155
  EXPECT_EQ(flops(model, AttentionCounting::full), 185502597120.0);
  EXPECT_EQ(kv_cache_per_token(model).value, 69120.0);
}

TEST(Parameters, DeepSeekV2LiteHasAnUncompressedQuery) {
  const ModelSpec model = shipped("deepseek-v2-lite");
  const ParameterCount count = count_parameters(model);
  EXPECT_EQ(count.total, 15706484224.0);
  EXPECT_EQ(count.active, 2661150208.0);
  EXPECT_EQ(count.matmul_per_token, 2451308544.0);
  const LayerParameters moe = layer_parameters(model, true);
  EXPECT_EQ(moe.attention, 6291456.0 + 1179648 + 2097152 + 4194304);  // q, kv_a, kv_b, o
  EXPECT_EQ(moe.norms, 4608.0);
  EXPECT_EQ(moe.total(), 584847872.0);
  EXPECT_EQ(flops(model, AttentionCounting::causal), 16406544384.0);
  EXPECT_EQ(flops(model, AttentionCounting::full), 18105237504.0);
  EXPECT_EQ(kv_cache_per_token(model).value, 31104.0);
}

TEST(Parameters, DeepSeekMoE16B) {
  const ModelSpec model = shipped("deepseek-moe-16b");
  const ParameterCount count = count_parameters(model);
  EXPECT_EQ(count.total, 16375728128.0);
  EXPECT_EQ(count.active, 2828650496.0);
  EXPECT_EQ(count.matmul_per_token, 2618818560.0);
  EXPECT_EQ(layer_parameters(model, true).total(), 587862016.0);
  EXPECT_EQ(layer_parameters(model, false).total(), 84021248.0);
  EXPECT_EQ(flops(model, AttentionCounting::causal), 17122197504.0);
  EXPECT_EQ(kv_cache_per_token(model).value, 229376.0);
}

TEST(Parameters, Gpt2HasBiasesLayerNormsAndATiedHead) {
  const ParameterCount count = count_parameters(shipped("gpt-2"));
  // 50257 x 768 + 1024 x 768 + 12 x (12 x 768^2 + 13 x 768) + 2 x 768
  EXPECT_EQ(count.total, 124439808.0);
  EXPECT_EQ(count.active, count.total);
  EXPECT_EQ(count.head, 0.0);
  EXPECT_EQ(count.matmul_per_token, 12.0 * 12 * 768 * 768 + 50257.0 * 768);
}

TEST(Parameters, Gpt3) {
  ModelSpec model = shipped("gpt-3-175b");
  EXPECT_EQ(count_parameters(model).total, 174615846912.0);
  model.vocabulary = 50257;
  EXPECT_EQ(count_parameters(model).total, 174604259328.0);
}

// Totals and active parameters in billions as counted from the Hugging Face configurations by an
// independent script; active includes embedding and head.
struct Size {
  const char* name;
  const char* total;
  const char* active;
};

TEST(Parameters, ShippedModelsHaveThePublishedSizes) {
  const std::vector<Size> sizes{
      {"deepseek-v3", "671.03", "37.55"},
      {"qwen3-235b-a22b", "235.09", "22.19"},
      {"qwen3-30b-a3b", "30.53", "3.35"},
      {"qwen3-coder-480b-a35b", "480.15", "35.47"},
      {"llama-3-8b", "8.03", "8.03"},
      {"llama-3-70b", "70.55", "70.55"},
      {"llama-3-405b", "405.85", "405.85"},
      {"mixtral-8x7b", "46.70", "12.88"},
      {"mixtral-8x22b", "140.62", "39.15"},
      {"kimi-k2", "1026.41", "32.86"},
      {"qwen3-32b", "32.76", "32.76"},
      {"qwen3-8b", "8.19", "8.19"},
      {"deepseek-v2", "235.74", "21.38"},
      {"deepseek-v2-lite", "15.71", "2.66"},
      {"deepseek-moe-16b", "16.38", "2.83"},
      {"gpt-2", "0.12", "0.12"},
      {"gpt-3-175b", "174.62", "174.62"},
      {"deepseek-v3.2", "671.88", "38.40"},
      {"glm-5", "743.91", "41.78"},
      {"gpt-oss-120b", "116.83", "5.71"},
      {"gpt-oss-20b", "20.91", "4.19"},
      {"minimax-m2.5", "228.69", "11.03"},
      {"llama-4-maverick", "400.71", "17.18"},
  };
  EXPECT_EQ(sizes.size(), shipped_names(RECKON_DATA_DIR, DocumentKind::model).size())
      << "a shipped model is missing from this list";
  for (const Size& size : sizes) {
    const ParameterCount count = count_parameters(shipped(size.name));
    EXPECT_EQ(billions(count.total, 2), size.total) << size.name;
    EXPECT_EQ(billions(count.active, 2), size.active) << size.name;
  }
}

// The same counts to the last digit.
TEST(Parameters, ExactTotals) {
  EXPECT_EQ(count_parameters(shipped("llama-3-8b")).total, 8030261248.0);
  EXPECT_EQ(count_parameters(shipped("llama-3-70b")).total, 70553706496.0);
  EXPECT_EQ(count_parameters(shipped("llama-3-405b")).total, 405853388800.0);
  EXPECT_EQ(count_parameters(shipped("mixtral-8x7b")).total, 46702792704.0);
  EXPECT_EQ(count_parameters(shipped("mixtral-8x22b")).total, 140620634112.0);
  EXPECT_EQ(count_parameters(shipped("qwen3-235b-a22b")).total, 235093634560.0);
  EXPECT_EQ(count_parameters(shipped("qwen3-30b-a3b")).total, 30532122624.0);
  EXPECT_EQ(count_parameters(shipped("qwen3-coder-480b-a35b")).total, 480154875392.0);
  EXPECT_EQ(count_parameters(shipped("qwen3-32b")).total, 32762123264.0);
  EXPECT_EQ(count_parameters(shipped("qwen3-8b")).total, 8190735360.0);
}

TEST(Parameters, PublishedSizesAreNear) {
  for (const std::string& name : shipped_names(RECKON_DATA_DIR, DocumentKind::model)) {
    const ModelSpec model = shipped(name);
    const ParameterCount count = count_parameters(model);
    // Names round: Kimi K2's "1T" is 1.026 T.
    EXPECT_NEAR(count.total / model.published.parameters, 1.0, 0.03) << name;
    if (model.published.active_parameters > 0) {
      // Some leave out the embedding (V2-Lite's 2.4 B, gpt-oss-20b's 3.61 B), some the head too;
      // most round to whole billions.
      const double with = count.active / model.published.active_parameters;
      const double without = with - count.embedding / model.published.active_parameters;
      EXPECT_LT(std::min(std::abs(with - 1), std::abs(without - 1)), 0.05) << name;
    }
    EXPECT_FALSE(model.published.source.empty()) << name;
  }
}

TEST(Parameters, ACausalTokenCostsLessThanAFullOneByHalfOfTheAttention) {
  for (const std::string& name : shipped_names(RECKON_DATA_DIR, DocumentKind::model)) {
    const ModelSpec model = shipped(name);
    const AttentionSpec& a = model.attention;
    double core = 0;
    for (int layer = 0; layer < model.layers; ++layer) {
      core +=
          6.0 * a.heads * (qk_head_dim(a) + v_head_dim(a)) * 2 * keys_per_query(model, layer, 4096);
      if (a.indexer) core += 6.0 * a.indexer->heads * a.indexer->head_dim * 4096;
    }
    const double matmul = 6 * count_parameters(model).matmul_per_token;
    EXPECT_DOUBLE_EQ(flops(model, AttentionCounting::full), matmul + core) << name;
    EXPECT_DOUBLE_EQ(flops(model, AttentionCounting::causal), matmul + core / 2) << name;
  }
}

}  // namespace
}  // namespace reckon
