// Which parts a chunk or an overlapped pair is made of, in which order.
#include "planner/spec/program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "planner/spec/layout.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::Case;
using Kinds = std::vector<PartKind>;

constexpr PartKind attention_f = PartKind::attention_forward;
constexpr PartKind attention_b = PartKind::attention_backward_input;
constexpr PartKind attention_w = PartKind::attention_backward_weight;
constexpr PartKind mlp_f = PartKind::mlp_forward;
constexpr PartKind mlp_b = PartKind::mlp_backward_input;
constexpr PartKind mlp_w = PartKind::mlp_backward_weight;
constexpr PartKind dispatch_f = PartKind::dispatch_forward;
constexpr PartKind dispatch_b = PartKind::dispatch_backward;
constexpr PartKind combine_f = PartKind::combine_forward;
constexpr PartKind combine_b = PartKind::combine_backward;
constexpr PartKind send = PartKind::pipeline_send;

Case v3() { return test::shipped_case("deepseek-v3-2048-h800"); }

Program v3_pair(const Case& given, Sends sends) {
  const std::vector<StageLayers> stages = stage_layers(given.model, given.plan);
  return pair_program(given.model, given.plan, stages[5], stages[10], sends);
}

Kinds kinds_on(const Program& program, Lane lane) {
  Kinds kinds;
  for (const Part& part : program.parts) {
    if (part.lane == lane) kinds.push_back(part.kind);
  }
  return kinds;
}

// `head`, then `turn` so many times, then `tail`.
Kinds repeated(Kinds head, int times, const Kinds& turn, const Kinds& tail) {
  for (int i = 0; i < times; ++i) head.insert(head.end(), turn.begin(), turn.end());
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

// The order that DeepSeek publishes (V3 report, Figure 4; seen in profile-data's train.json;
// reference/deepseek/dualpipe.json, overlap_inside_a_pair):
//   compute_order MLP(B) MLP(W) MLP(F) ATTN(B) ATTN(W) ATTN(F)
//   comm_order    DISPATCH(F) DISPATCH(B) COMBINE(F) PP COMBINE(B)
// A pair enters this cycle with the forward's first attention beside the backward's first combine,
// as the profile does, and leaves it when neither has a layer left.
TEST(PairProgram, PartsRunInThePublishedOrder) {
  const Case given = v3();
  const Program program = v3_pair(given, {});
  EXPECT_EQ(kinds_on(program, Lane::compute),
            repeated({attention_f}, 3, {mlp_b, mlp_w, mlp_f, attention_b, attention_w, attention_f},
                     {mlp_b, mlp_w, mlp_f, attention_b, attention_w}));
  EXPECT_EQ(kinds_on(program, Lane::communication),
            repeated({combine_b}, 3, {dispatch_f, dispatch_b, combine_f, combine_b},
                     {dispatch_f, dispatch_b, combine_f}));
  EXPECT_TRUE(program.overlapped);
}

// The forward's result leaves behind its last combine, the backward's at the end: the PP of the
// published order.
TEST(PairProgram, SendsStandWhereTheResultsAre) {
  const Case given = v3();
  const Program program = v3_pair(given, {.activation = true, .gradient = true});
  const Kinds communication = kinds_on(program, Lane::communication);
  const Kinds end(communication.end() - 3, communication.end());
  EXPECT_EQ(end, (Kinds{combine_f, send, send}));
  for (const Part& part : program.parts) {
    if (part.kind != send) continue;
    EXPECT_EQ(part.after, program.output[part.owner == 0 ? 0 : 1]);
  }
}

// Edges of dualpipe.json: DISPATCH(F)->MLP(F), MLP(B)->DISPATCH(B)->ATTN(B),
// MLP(F)->COMBINE(F)->(next layer) ATTN(F), ATTN(B)->(previous layer) COMBINE(B)->MLP(B),
// ATTN(F)->DISPATCH(F). Weight gradients wait for the input backward of their module.
TEST(PairProgram, PartsWaitForThePublishedEdges) {
  const Program program = v3_pair(v3(), {});
  int checked = 0;
  for (const Part& part : program.parts) {
    if (part.after < 0) continue;
    const Part& before = program.parts[static_cast<std::size_t>(part.after)];
    EXPECT_EQ(before.owner, part.owner);
    const auto expect = [&](PartKind kind, int layers_later) {
      EXPECT_EQ(before.kind, kind) << enum_name(part.kind) << " of layer " << part.layer;
      EXPECT_EQ(part.layer, before.layer + layers_later) << enum_name(part.kind);
      ++checked;
    };
    if (part.kind == dispatch_f) expect(attention_f, 0);
    if (part.kind == mlp_f) expect(dispatch_f, 0);
    if (part.kind == combine_f) expect(mlp_f, 0);
    if (part.kind == attention_f) expect(combine_f, 1);
    if (part.kind == mlp_b) expect(combine_b, 0);
    if (part.kind == mlp_w) expect(mlp_b, 0);
    if (part.kind == dispatch_b) expect(mlp_b, 0);
    if (part.kind == attention_b) expect(dispatch_b, 0);
    if (part.kind == attention_w) expect(attention_b, 0);
    if (part.kind == combine_b) expect(attention_b, -1);
  }
  EXPECT_EQ(checked, 4 * 10 - 2) << "all parts but the two that wait for the neighbours";
}

// A full backward does what its two halves do.
TEST(ChunkProgram, SplitBackwardHasTheSameParts) {
  const Case given = v3();
  for (const StageLayers& stage : stage_layers(given.model, given.plan)) {
    const auto kinds = [&](OpKind kind) {
      Kinds found;
      for (const Part& part : chunk_program(given.model, given.plan, stage, kind, {}).parts) {
        found.push_back(part.kind);
      }
      return found;
    };
    Kinds halves = kinds(OpKind::backward_input);
    const Kinds weights = kinds(OpKind::backward_weight);
    halves.insert(halves.end(), weights.begin(), weights.end());
    Kinds whole = kinds(OpKind::backward);
    std::sort(halves.begin(), halves.end());
    std::sort(whole.begin(), whole.end());
    EXPECT_EQ(halves, whole) << "stage at layer " << stage.first_layer;
  }
}

// First and last stage of V3: embedding in front; behind, one layer, the MTP module (layer 61) and
// two passes of the head.
TEST(ChunkProgram, EmbeddingHeadAndMtpOfDeepSeekV3) {
  const Case given = v3();
  const std::vector<StageLayers> stages = stage_layers(given.model, given.plan);
  const Program first = chunk_program(given.model, given.plan, stages[0], OpKind::forward, {});
  EXPECT_EQ(first.parts.front().kind, PartKind::embedding_forward);
  // Layers 0, 1, 2 are dense: no dispatch before layer 3.
  EXPECT_EQ(kinds_on(first, Lane::communication), (Kinds{dispatch_f, combine_f}));
  const Program last = chunk_program(given.model, given.plan, stages[15], OpKind::forward, {});
  EXPECT_EQ(kinds_on(last, Lane::compute), (Kinds{attention_f, mlp_f, attention_f, mlp_f,
                                                  PartKind::head_forward, PartKind::head_forward}));
  EXPECT_EQ(last.parts[4].layer, 61);
}

// With an MTP layer elsewhere both head passes stay on the last stage.
TEST(ChunkProgram, MtpLayerOnAStageOfItsOwn) {
  Case given = v3();
  given.plan.layout.mtp_stage = 14;
  const std::vector<StageLayers> stages = stage_layers(given.model, given.plan);
  const Program last = chunk_program(given.model, given.plan, stages[15], OpKind::forward, {});
  EXPECT_EQ(kinds_on(last, Lane::compute),
            (Kinds{attention_f, mlp_f, PartKind::head_forward, PartKind::head_forward}));
  const Program before = chunk_program(given.model, given.plan, stages[14], OpKind::forward, {});
  EXPECT_EQ(before.parts.back().layer, 61);
}

}  // namespace
}  // namespace reckon
