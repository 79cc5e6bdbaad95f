// config.json files of published models: their published sizes, the shipped documents that came
// from them, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/import/hf_config.hpp"
#include "planner/import/import_report_json.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/parameters.hpp"
#include "planner/spec/spec_json.hpp"
#include "tests/import/import_files.hpp"

namespace reckon {
namespace {

HfImport imported(const std::string& file) {
  return import_hf(import_data("hf/" + file + ".json"), file + ".json", {});
}

std::string billions(double count) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", count / 1e9);
  return text;
}

struct Published {
  const char* file;
  const char* shipped;
  double total;
  const char* billions;
  const char* active;
};

// Billions: as stated for these files by an independent count, active with embedding and head.
// The last digit: by hand (tests below and tests/inputs/parameters_test.cpp). To a file's count the
// indexer (DeepSeek-V3.2, GLM-5), the biases and sinks of gpt-oss and the head norms of MiniMax are
// added, which that count leaves out.
const std::vector<Published>& published() {
  static const std::vector<Published> list{
      {"meta-llama--Meta-Llama-3.1-8B", "llama-3-8b", 8030261248, "8.03", "8.03"},
      {"meta-llama--Meta-Llama-3.1-70B", "llama-3-70b", 70553706496, "70.55", "70.55"},
      {"meta-llama--Meta-Llama-3.1-405B", "llama-3-405b", 405853388800, "405.85", "405.85"},
      {"mistralai--Mixtral-8x7B-v0.1", "mixtral-8x7b", 46702792704, "46.70", "12.88"},
      {"mistralai--Mixtral-8x22B-v0.1", "mixtral-8x22b", 140620634112, "140.62", "39.15"},
      {"Qwen--Qwen3-8B", "qwen3-8b", 8190735360, "8.19", "8.19"},
      {"Qwen--Qwen3-32B", "qwen3-32b", 32762123264, "32.76", "32.76"},
      {"Qwen--Qwen3-30B-A3B", "qwen3-30b-a3b", 30532122624, "30.53", "3.35"},
      {"Qwen--Qwen3-235B-A22B", "qwen3-235b-a22b", 235093634560, "235.09", "22.19"},
      {"Qwen--Qwen3-Coder-480B-A35B-Instruct", "qwen3-coder-480b-a35b", 480154875392, "480.15",
       "35.47"},
      {"deepseek-ai--DeepSeek-V3", "deepseek-v3", 671026419200, "671.03", "37.55"},
      {"deepseek-ai--DeepSeek-R1", "deepseek-v3", 671026419200, "671.03", "37.55"},
      {"moonshotai--Kimi-K2-Instruct", "kimi-k2", 1026408232448, "1026.41", "32.86"},
      {"openai-community--gpt2", "gpt-2", 124439808, "0.12", "0.12"},
      {"deepseek-ai--DeepSeek-V3.2", "deepseek-v3.2", 671026419200 + 851524864, "671.88", "38.40"},
      {"zai-org--GLM-5", "glm-5", 743180209920 + 731008512, "743.91", "41.78"},
      {"openai--gpt-oss-120b", "gpt-oss-120b", 116829156672, "116.83", "5.71"},
      {"openai--gpt-oss-20b", "gpt-oss-20b", 20914757184, "20.91", "4.19"},
      {"MiniMaxAI--MiniMax-M2.5", "minimax-m2.5", 228689764864, "228.69", "11.03"},
      {"meta-llama--Llama-4-Maverick-17B-128E-Instruct", "llama-4-maverick", 400711848960, "400.71",
       "17.18"},
  };
  return list;
}

TEST(HfConfig, PublishedParameterCounts) {
  for (const Published& one : published()) {
    const ParameterCount count = count_parameters(imported(one.file).model);
    EXPECT_EQ(static_cast<long long>(count.total), static_cast<long long>(one.total)) << one.file;
    EXPECT_EQ(billions(count.total), one.billions) << one.file;
    EXPECT_EQ(billions(count.active), one.active) << one.file;
  }
}

// What ships is what the importer makes of the file, but for name, origin and published size.
TEST(HfConfig, ShippedModelsAreTheImportedOnes) {
  for (const Published& one : published()) {
    ModelSpec model = imported(one.file).model;
    const ModelSpec shipped = load_model(RECKON_DATA_DIR, one.shipped);
    model.name = shipped.name;
    model.source = shipped.source;
    model.published = shipped.published;
    EXPECT_EQ(write_model(model), write_model(shipped)) << one.file;
  }
}

TEST(HfConfig, WhatIsWrittenReadsAgain) {
  for (const Published& one : published()) {
    const ModelSpec model = imported(one.file).model;
    EXPECT_EQ(read_model(write_model(model), "again.json"), model) << one.file;
  }
}

// Every key of every file is either interpreted or listed as ignored, with a reason.
void expect_accounted_for(const JsonNode& object, const std::string& prefix,
                          const ImportReport& report) {
  const auto is_in = [](const auto& rows, const std::string& key) {
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.key == key; });
  };
  for (const JsonMember& member : std::get<JsonNode::Object>(object.value)) {
    if (member.key == "text_config") {
      expect_accounted_for(member.value, "text_config.", report);
    } else {
      EXPECT_TRUE(is_in(report.interpreted, member.key) ||
                  is_in(report.ignored, prefix + member.key))
          << report.file << " " << member.key;
    }
  }
}

TEST(HfConfig, EveryKeyIsAccountedFor) {
  for (const Published& one : published()) {
    const ImportReport report = imported(one.file).report;
    const std::string text = import_data("hf/" + std::string(one.file) + ".json");
    expect_accounted_for(parse_document(text, one.file).root(), "", report);
    for (const Ignored& row : report.ignored) EXPECT_FALSE(row.reason.empty()) << row.key;
  }
}

TEST(HfConfig, GptOssByPart) {
  const ModelSpec model = imported("openai--gpt-oss-120b").model;
  const LayerParameters layer = layer_parameters(model, true);
  // q and o 2880 x 4096 each, k and v 2880 x 512 each; biases 4096 + 2 x 512 + 2880; 64 sinks
  EXPECT_EQ(layer.attention, 2.0 * 11796480 + 2 * 1474560 + 8000 + 64);
  EXPECT_EQ(layer.one_expert, 3.0 * 2880 * 2880 + 2 * 2880 + 2880);
  EXPECT_EQ(layer.router, 128.0 * 2880 + 128);
  EXPECT_EQ(layer.norms, 5760.0);
  // Model card, table 1: MLP 114.71 B, attention 0.96 B, embedding and head 1.16 B.
  EXPECT_EQ(billions(36 * (layer.experts + layer.router)), "114.71");
  EXPECT_EQ(billions(36 * layer.attention), "0.96");
  const ParameterCount count = count_parameters(model);
  EXPECT_EQ(billions(count.embedding + count.head), "1.16");
  EXPECT_EQ(billions(count.active - count.embedding), "5.13") << "the card's active parameters";
  EXPECT_TRUE(is_windowed_layer(model, 0));
  EXPECT_FALSE(is_windowed_layer(model, 1));
  EXPECT_EQ(keys_per_query(model, 1, 4096), 2048.0);
  // Queries 0 to 127 see 64 on average, all others 128: (128 x 64 + 3968 x 128) / 4096
  EXPECT_EQ(keys_per_query(model, 0, 4096), 126.0);
}

TEST(HfConfig, MaverickHasExpertsInEverySecondLayer) {
  const ModelSpec model = imported("meta-llama--Llama-4-Maverick-17B-128E-Instruct").model;
  EXPECT_FALSE(is_moe_layer(model, 0));
  EXPECT_TRUE(is_moe_layer(model, 1));
  EXPECT_TRUE(is_moe_layer(model, 47));
  EXPECT_EQ(layer_parameters(model, false).mlp, 3.0 * 5120 * 16384);
  EXPECT_EQ(layer_parameters(model, true).mlp, 3.0 * 5120 * 8192) << "the shared expert";
  EXPECT_EQ(layer_parameters(model, true).experts, 128 * 3.0 * 5120 * 8192);
  // Chunks of 8192 in three of four layers.
  EXPECT_TRUE(is_windowed_layer(model, 2));
  EXPECT_FALSE(is_windowed_layer(model, 3));
  EXPECT_EQ(keys_per_query(model, 2, 32768), 4096.0);
  EXPECT_EQ(keys_per_query(model, 3, 32768), 16384.0);
  // 8192 and a rest of 2048: (8192 x 4096 + 2048 x 1024) / 10240
  EXPECT_EQ(keys_per_query(model, 2, 10240), 3481.6);
}

TEST(HfConfig, DeepSeekV32HasAnIndexer) {
  const ModelSpec model = imported("deepseek-ai--DeepSeek-V3.2").model;
  // 1536 x 64 x 128 + 7168 x 128 + 7168 x 64, and a LayerNorm over 128
  EXPECT_EQ(layer_parameters(model, true).indexer, 12582912.0 + 917504 + 458752 + 256);
  EXPECT_EQ(61 * layer_parameters(model, true).indexer, 851524864.0);
  EXPECT_EQ(keys_per_query(model, 0, 2048), 1024.0) << "all that a short sequence has";
  // (2048 x 1024 + 30720 x 2048) / 32768
  EXPECT_EQ(keys_per_query(model, 0, 32768), 1984.0);
}

TEST(HfConfig, TheNameComesFromTheFile) {
  const std::string text = import_data("hf/Qwen--Qwen3-8B.json");
  EXPECT_EQ(import_hf(text, "a/b/Qwen--Qwen3-8B.json", {}).model.name, "qwen3-8b");
  EXPECT_EQ(import_hf(text, "qwen/config.json", {}).model.name, "qwen3");
  EXPECT_EQ(import_hf(text, "-", {.name = "mine", .source = "here"}).model.name, "mine");
  EXPECT_EQ(import_hf(text, "-", {.name = "mine", .source = "here"}).model.source, "here");
}

// --- what is refused
// ---------------------------------------------------------------------------------

const std::string llama = R"({
  "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "vocab_size": 100,
  "num_attention_heads": 4, "intermediate_size": 128)";

std::string refused(const std::string& text, const HfOptions& options = {}) {
  return problems_of([&] { import_hf(text, "c.json", options); });
}

TEST(HfConfig, DefaultsAreLoggedAsSuch) {
  const HfImport result = import_hf(llama + "}", "c.json", {});
  EXPECT_EQ(result.model.attention.kv_heads, 4);
  EXPECT_EQ(result.model.attention.kind, AttentionKind::mha);
  EXPECT_EQ(result.model.attention.head_dim, 16);
  const auto& rows = result.report.interpreted;
  EXPECT_NE(std::find(rows.begin(), rows.end(),
                      Interpreted{"head_dim", "absent", "attention.head_dim", "16"}),
            rows.end());
}

TEST(HfConfig, UnknownModelTypesNameTheNearest) {
  const std::string problem = refused(R"({"model_type": "lama"})");
  EXPECT_EQ(problem.rfind("c.json:1:16: /model_type: unknown model type \"lama\"; did you mean "
                          "\"llama\"? there are deepseek_v2, deepseek_v3, deepseek_v32, ",
                          0),
            0U)
      << problem;
  EXPECT_EQ(refused("{}"), "c.json:1:1: /model_type: missing; this model type needs it");
  EXPECT_EQ(refused("[]"), "c.json:1:1: expected an object, got an array");
  EXPECT_EQ(refused(R"({"model_type": 3})"), "c.json:1:16: /model_type: expected a string, got 3");
}

TEST(HfConfig, AnotherArchitectureCanBeAssumed) {
  std::string text = llama + "}";
  text.replace(text.find("\"llama\""), 7, "\"other\"");
  EXPECT_NE(refused(text), "none");
  const HfImport result = import_hf(text, "c.json", {.architecture = "llama"});
  EXPECT_EQ(result.model.layers, 2);
  EXPECT_EQ(result.report.ignored[0].key, "model_type");
  EXPECT_EQ(result.report.ignored[0].given, "other");
  EXPECT_EQ(refused(text, {.architecture = "lama"}).rfind("--assume-arch: unknown model type", 0),
            0U);
}

TEST(HfConfig, UnknownAndWrongKeysComeTogether) {
  EXPECT_EQ(refused(R"({"model_type": "llama",
 "num_hidden_layers": 0, "hidden_size": "64", "vocab_size": 100, "mlp_bias": 1,
 "num_attention_heads": 4, "intermediate_sizes": 128})"),
            "c.json:1:1: /intermediate_size: missing; this model type needs it\n"
            "c.json:2:23: /num_hidden_layers: expected an integer of at least 1, got 0\n"
            "c.json:2:41: /hidden_size: expected an integer of at least 1, got string \"64\"\n"
            "c.json:2:78: /mlp_bias: expected true or false, got 1\n"
            "c.json:3:28: /intermediate_sizes: unknown key; it may change the size of the model; "
            "did you mean \"intermediate_size\"?");
  EXPECT_EQ(refused(llama + R"(, "zzzzzzzzzzzz": 1})"),
            "c.json:3:55: /zzzzzzzzzzzz: unknown key; it may change the size of the model; take it "
            "out if it does not");
}

TEST(HfConfig, WhatTheModelCannotExpressIsRefused) {
  EXPECT_NE(refused(llama + R"(, "hidden_act": "gelu"})").find("gated MLPs"), std::string::npos);
  const std::string maverick =
      import_data("hf/meta-llama--Llama-4-Maverick-17B-128E-Instruct.json");
  const auto with = [&](const std::string& more) {
    std::string text = maverick;
    return text.replace(text.find("\"head_dim\""), 0, more + ", ");
  };
  EXPECT_EQ(refused(with(R"("moe_layers": [1, 2, 40])")),
            "c.json:13:34: /text_config/interleave_moe_layer_step: reckon knows experts in one "
            "layer of every N behind leading dense ones alone");
  EXPECT_NE(refused(with(R"("layer_types": ["full_attention"])")).find("1 entries for 48 layers"),
            std::string::npos);
  EXPECT_NE(refused(with(R"("layer_types": ["linear"])")).find("\"linear\" is unknown"),
            std::string::npos);
  EXPECT_NE(refused(with(R"("no_rope_layers": [0, 1])")).find("every N"), std::string::npos);
}

TEST(HfConfig, SizesBeyondTheLimitsOfAModel) {
  std::string text = llama + "}";
  text.replace(text.find("\"num_hidden_layers\": 2"), 22, "\"num_hidden_layers\": 20000");
  EXPECT_EQ(refused(text), "c.json: /layers: as model/1: must be at most 10000, got 20000");
}

TEST(HfConfig, WindowsFollowTheirSwitches) {
  const std::string qwen = R"({"model_type": "qwen2", "num_hidden_layers": 4, "hidden_size": 64,
    "vocab_size": 100, "num_attention_heads": 4, "intermediate_size": 128, "sliding_window": 32)";
  const auto window = [&](const std::string& more) {
    return import_hf(qwen + more + "}", "c.json", {}).model.attention.window;
  };
  EXPECT_EQ(window(""), 0);
  EXPECT_EQ(window(R"(, "use_sliding_window": true)"), 32);
  EXPECT_EQ(window(R"(, "use_sliding_window": true, "max_window_layers": 4)"), 0);
  EXPECT_NE(refused(qwen + R"(, "use_sliding_window": true, "max_window_layers": 2})")
                .find("cannot express windows from some layer on"),
            std::string::npos);
  std::string mistral = llama + R"(, "sliding_window": 32})";
  mistral.replace(mistral.find("\"llama\""), 7, "\"mistral\"");
  EXPECT_EQ(import_hf(mistral, "c.json", {}).model.attention.window, 32);
  EXPECT_EQ(import_hf(mistral, "c.json", {}).model.attention.full_attention_every, 0);
}

TEST(HfConfig, TheReportAsJson) {
  const ImportReport report{
      "hf", "c.json", "llama", {{"a", "1", "layers", "1"}}, {{"b", "2", "why"}}};
  EXPECT_EQ(import_report_json(report), R"({
  "schema": "import/1",
  "format": "hf",
  "file": "c.json",
  "carrier": "llama",
  "interpreted": [
    {
      "key": "a",
      "given": "1",
      "field": "layers",
      "value": "1"
    }
  ],
  "ignored": [
    {
      "key": "b",
      "given": "2",
      "reason": "why"
    }
  ]
}
)");
}

}  // namespace
}  // namespace reckon
