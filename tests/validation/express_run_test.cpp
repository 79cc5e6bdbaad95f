// Records of published runs: what is read, and that each part of a record acts on the prediction.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "planner/catalog.hpp"
#include "planner/express_run.hpp"
#include "planner/spec/published_run_json.hpp"
#include "sim/simulate.hpp"

namespace reckon {
namespace {

constexpr const char* record = R"({"id": "x", "group": "g", "step_s": 2.5,
  "model": {"name": "m", "layers": 8, "hidden": 1024, "heads": 16, "kv_heads": 4, "head_dim": 64,
            "ffn": 4096, "gated_mlp": true, "vocab": 32000, "seq": 2048, "act": "swiglu",
            "norm": "rmsnorm", "pos": "rope", "attention": "gqa"},
  "hardware": {"gpu": "H100-80GB-SXM", "mem_gb": 80, "gpus": 16, "gpus_per_node": 8,
               "nvlink_gbps_bidir": 900, "hbm_gbps": 3350, "nic_gbps_per_gpu": 400, "fabric": null},
  "parallel": {"tp": 1, "pp": 1, "vpp": 1, "cp": 1, "ep": 1, "etp": null, "dp": 16, "sp": false,
               "mbs": 1, "gbs": 64, "recompute": "none", "zero": "none", "precision": "BF16",
               "overlap": null, "schedule": null},
  "measured": {"peak_mem_gib": 2}, "repeat": {"n": 3, "spread_pct": 5}})";

PublishedRun read_one(const std::string& text) {
  return read_published_runs(parse_document("[" + text + "]", "runs.json")).front();
}

TEST(PublishedRun, IsReadWithNullsAsAbsent) {
  const PublishedRun run = read_one(record);
  EXPECT_TRUE(run.read_problems.empty());
  EXPECT_EQ(run.id, "x");
  EXPECT_EQ(run.model.kv_heads, 4);
  EXPECT_EQ(run.parallel.etp, 0);
  EXPECT_EQ(run.hardware.nvlink_domain, 8);
  EXPECT_DOUBLE_EQ(run.peak_memory_bytes, 2147483648.0);
  EXPECT_DOUBLE_EQ(run.spread_pct, 5);
  EXPECT_FALSE(run.parallel.overlap.dp.has_value());
}

TEST(PublishedRun, ABadRecordNamesItsFieldsAndSparesTheOthers) {
  std::string bad = record;
  bad.replace(bad.find("\"layers\": 8"), 11, "\"layers\": \"8\"");
  bad.replace(bad.find("\"gbs\": 64, "), 11, "");
  const auto runs =
      read_published_runs(parse_document("[" + bad + "," + record + "]", "runs.json"));
  EXPECT_EQ(runs[0].read_problems, (std::vector<std::string>{"/model/layers: not a whole number",
                                                             "/parallel/gbs: missing"}));
  EXPECT_TRUE(runs[1].read_problems.empty());
  EXPECT_FALSE(express_run(runs[0], DeviceProfile(), {}).problems.empty());
}

// A number that no report could write: its record's problem, nobody else's.
TEST(PublishedRun, ImpossibleMemoryIsAProblemOfItsRecord) {
  std::string bad = record;
  bad.replace(bad.find("\"peak_mem_gib\": 2"), 17, "\"peak_mem_gib\": 1e308");
  const PublishedRun run = read_one(bad);
  EXPECT_EQ(run.read_problems.size(), 1u);
  EXPECT_EQ(run.peak_memory_bytes, 0);
}

TEST(PublishedRun, NoListIsRefused) {
  EXPECT_THROW(read_published_runs(parse_document("{\"rows\": []}", "runs.json")), InputError);
  EXPECT_THROW(read_published_runs(parse_document("[]", "runs.json")), InputError);
  EXPECT_EQ(
      read_published_runs(parse_document(std::string("{\"runs\": [") + record + "]}", "r")).size(),
      1u);
}

TEST(ExpressRun, KnowsGpusByTheirNames) {
  EXPECT_EQ(device_of_gpu("GB200-NVL72"), "gb200");
  EXPECT_EQ(device_of_gpu("B200-SXM"), "b200-sxm");
  EXPECT_EQ(device_of_gpu("A100-40GB-SXM"), "a100-sxm-40gb");
  EXPECT_EQ(device_of_gpu("H100-96GB-HBM2e-500W"), "h100-96gb-hbm2e");
  EXPECT_EQ(device_of_gpu("TPU v5p"), "");
}

// --- each part of a record acts

using Change = std::function<void(PublishedRun&)>;

struct Outcome {
  double step = 0;
  double memory = 0;
};

Outcome outcome(PublishedRun run, const Change& change = {}, const SoftwareSpec& software = {}) {
  if (change) change(run);
  const std::string data = RECKON_DATA_DIR;
  const ExpressedRun e =
      express_run(run, load_device(data, device_of_gpu(run.hardware.gpu)), software);
  EXPECT_TRUE(e.problems.empty()) << e.problems.front();
  if (!e.problems.empty()) return {};
  const Schedule schedule = schedule_of(e.inputs.plan);
  const SimulateInputs in{e.inputs.model, e.inputs.cluster, e.inputs.device, e.inputs.plan};
  const EffectSwitches effects{true, true, false, false, false, false};
  Outcome result;
  result.step = to_seconds(simulate(in, schedule, {effects, false, false}).step_end).value;
  for (const RankMemory& rank : memory_of(e.inputs, schedule)) {
    result.memory = std::max(result.memory, total(rank).value);
  }
  return result;
}

PublishedRun base() { return read_one(record); }
PublishedRun tensor_parallel() {
  PublishedRun run = base();
  run.parallel.tp = 8;
  run.parallel.dp = 2;
  return run;
}
PublishedRun pipelined() {
  PublishedRun run = base();
  run.parallel.pp = 4;
  run.parallel.dp = 4;
  run.parallel.gbs = 64;
  return run;
}
PublishedRun with_experts() {
  PublishedRun run = base();
  run.model.experts = 16;
  run.model.topk = 4;
  run.model.moe_ffn = 1024;
  run.parallel.ep = 16;
  run.parallel.overlap.dispatcher = "deepep";
  return run;
}

TEST(ExpressRun, RecomputationActs) {
  const auto recompute = [](const char* text) {
    return outcome(base(), [text](PublishedRun& r) { r.parallel.recompute = text; });
  };
  const Outcome none = recompute("none");
  const Outcome full = recompute("full");
  EXPECT_GT(full.step, none.step * 1.2);
  EXPECT_LT(full.memory, none.memory);
  const Outcome half = recompute("full-layers:4");
  EXPECT_GT(half.step, none.step);
  EXPECT_LT(half.step, full.step);
  for (const char* text : {"modules:core_attn", "modules:mlp", "modules:layernorm",
                           "selective (op-level AC, every other matmul)"}) {
    EXPECT_GT(recompute(text).step, none.step) << text;
    EXPECT_LT(recompute(text).step, full.step) << text;
  }
  EXPECT_LT(recompute("modules:mlp").memory, none.memory);
}

TEST(ExpressRun, ExpertRecomputationActs) {
  const auto recompute = [](const char* text) {
    return outcome(with_experts(), [text](PublishedRun& r) { r.parallel.recompute = text; });
  };
  EXPECT_GT(recompute("modules:moe").step, recompute("none").step);
  EXPECT_LT(recompute("modules:moe").memory, recompute("none").memory);
  EXPECT_LT(recompute("modules:moe_act").memory, recompute("none").memory);
}

TEST(ExpressRun, PrecisionActs) {
  const auto precision = [](const char* gpu, const char* text) {
    return outcome(base(),
                   [&](PublishedRun& r) {
                     r.hardware.gpu = gpu;
                     r.parallel.precision = text;
                     r.parallel.mbs = 4;
                     r.model.hidden = 4096;
                     r.model.ffn = 16384;
                     r.model.head_dim = 256;
                   })
        .step;
  };
  EXPECT_DOUBLE_EQ(precision("H100-80GB-SXM", "FP16"), precision("H100-80GB-SXM", "BF16"));
  EXPECT_LT(precision("H100-80GB-SXM", "FP8"), precision("H100-80GB-SXM", "BF16"));
  EXPECT_LT(precision("GB200-NVL72", "MXFP8"), precision("GB200-NVL72", "BF16"));
  EXPECT_LT(precision("GB200-NVL72", "NVFP4"), precision("GB200-NVL72", "MXFP8"));
}

TEST(ExpressRun, ShardingActs) {
  const auto zero = [](const char* text) {
    return outcome(base(), [text](PublishedRun& r) { r.parallel.zero = text; });
  };
  const Outcome none = zero("none");
  const Outcome first = zero("distributed-optimizer(ZeRO-1)");
  const Outcome second = zero("fsdp SHARD_GRAD_OP (ZeRO-2)");
  const Outcome third = zero("fsdp2(ZeRO-3)");
  EXPECT_LT(first.memory, none.memory);
  EXPECT_LT(second.memory, first.memory);
  EXPECT_LT(third.memory, second.memory);
  EXPECT_LT(zero("fsdp2(ZeRO-3), float8 all-gather").step, third.step);
  EXPECT_NE(second.step, first.step);
  EXPECT_NE(third.step, second.step);
}

// Whatever the schedule: on a slow network, gradients that are exchanged for every micro-batch take
// longer than those exchanged once, and weights on top of them longer still.
TEST(ExpressRun, ShardsAreExchangedUnderEverySchedule) {
  for (const char* schedule : {"1f1b", "zb-1p", "zb-2p", "zb-v", "dualpipe", "dualpipev"}) {
    const auto zero = [schedule](const char* text) {
      return outcome(pipelined(),
                     [&](PublishedRun& r) {
                       r.parallel.schedule = schedule;
                       r.parallel.zero = text;
                       r.hardware.nic_gbps_per_gpu = 10;
                       r.hardware.gpus_per_node = r.hardware.nvlink_domain = 1;
                     })
          .step;
    };
    EXPECT_GT(zero("ZeRO-2"), zero("ZeRO-1")) << schedule;
    EXPECT_GT(zero("ZeRO-3"), zero("ZeRO-2")) << schedule;
  }
}

TEST(ExpressRun, RecomputationRepeatsExchanges) {
  const auto added = [](double nvlink) {
    const auto step = [nvlink](const char* recompute) {
      return outcome(tensor_parallel(),
                     [&](PublishedRun& r) {
                       r.hardware.nvlink_gbps_bidir = nvlink;
                       r.parallel.recompute = recompute;
                     })
          .step;
    };
    return step("full") - step("none");
  };
  EXPECT_GT(added(20), 2 * added(900));
}

TEST(ExpressRun, NumbersThatOverflowAreProblems) {
  PublishedRun run = base();
  run.parallel.tp = 33554432;
  EXPECT_FALSE(express_run(run, load_device(RECKON_DATA_DIR, "h100-sxm"), {}).problems.empty());
}

TEST(ExpressRun, TensorParallelismActs) {
  const Outcome plain = outcome(tensor_parallel());
  const Outcome shared = outcome(tensor_parallel(), [](PublishedRun& r) { r.parallel.sp = true; });
  EXPECT_NE(shared.step, plain.step);  // other collectives, less to normalise
  EXPECT_LT(shared.memory, plain.memory);
  const Outcome overlapped = outcome(tensor_parallel(), [](PublishedRun& r) {
    r.parallel.sp = true;
    r.parallel.overlap.tp = true;
  });
  EXPECT_LT(overlapped.step, shared.step);
}

TEST(ExpressRun, OverlapOfReplicasActs) {
  const auto overlap = [](bool on) {
    return outcome(base(), [on](PublishedRun& r) { r.parallel.overlap.dp = on; }).step;
  };
  EXPECT_LT(overlap(true), overlap(false));
}

TEST(ExpressRun, SchedulesAct) {
  const auto schedule = [](const char* text, int chunks = 1) {
    return outcome(pipelined(),
                   [&](PublishedRun& r) {
                     r.parallel.schedule = text;
                     r.parallel.vpp = chunks;
                     r.parallel.overlap.pp = true;
                     r.model.vocab = 2048;   // ZB-V has embedding and head on one rank
                     r.model.hidden = 4096;  // layers that take longer than their sends
                     r.model.ffn = 16384;
                     r.model.head_dim = 256;
                   })
        .step;
  };
  const double plain = schedule("1f1b");
  EXPECT_LT(schedule("interleaved-1f1b", 2), plain);
  EXPECT_LT(schedule("zb-1p"), plain);
  EXPECT_LT(schedule("zb-2p"), schedule("zb-1p"));
  EXPECT_LT(schedule("zb-v"), schedule("zb-1p"));
}

TEST(ExpressRun, SendsThatBlockTakeLonger) {
  const auto sends = [](bool beside) {
    return outcome(pipelined(), [beside](PublishedRun& r) { r.parallel.overlap.pp = beside; }).step;
  };
  EXPECT_GT(sends(false), sends(true));
}

TEST(ExpressRun, LayoutsAct) {
  const double even = outcome(pipelined()).step;
  EXPECT_GT(outcome(pipelined(),
                    [](PublishedRun& r) {
                      r.parallel.layers_per_stage = {1, 1, 1, 5};
                    })
                .step,
            even);
  // Embedding and head count as a layer each where the layers do not divide.
  PublishedRun run = pipelined();
  run.model.layers = 10;
  const ExpressedRun e = express_run(run, load_device(RECKON_DATA_DIR, "h100-sxm"), {});
  EXPECT_EQ(e.inputs.plan.layout.layers_per_stage, (std::vector<int>{2, 3, 3, 2}));
}

TEST(ExpressRun, ExpertsAct) {
  const auto dispatcher = [](const char* text) {
    return outcome(with_experts(),
                   [text](PublishedRun& r) {
                     r.parallel.overlap.dispatcher = text;
                     r.parallel.overlap.cuda_graph = "local";  // the host is out of the way
                   })
        .step;
  };
  EXPECT_GT(dispatcher("all-to-all"), dispatcher("deepep"));
  const auto graphs = [](const char* text) {
    return outcome(with_experts(),
                   [text](PublishedRun& r) {
                     r.parallel.overlap.dispatcher = "all-to-all";
                     r.parallel.overlap.cuda_graph = text;
                   })
        .step;
  };
  EXPECT_GT(graphs("none"), graphs("full_iteration"));
  const auto hidden = [](bool on) {
    return outcome(with_experts(), [on](PublishedRun& r) { r.parallel.overlap.moe_a2a = on; }).step;
  };
  EXPECT_LT(hidden(true), hidden(false));
  const auto etp = [](int ranks) {
    return outcome(with_experts(), [ranks](PublishedRun& r) {
      r.parallel.tp = 2;
      r.parallel.sp = true;
      r.parallel.dp = 8;
      r.parallel.ep = 8;
      r.parallel.etp = ranks;
    });
  };
  EXPECT_NE(etp(1).step, etp(2).step);
  EXPECT_GT(etp(1).memory, etp(2).memory);
}

TEST(ExpressRun, ContextParallelismActs) {
  const auto parallel = [](int ranks) {
    return outcome(base(), [ranks](PublishedRun& r) {
      r.parallel.cp = ranks;
      r.parallel.dp = 16 / ranks;
    });
  };
  EXPECT_LT(parallel(4).memory, parallel(1).memory);
  EXPECT_NE(parallel(4).step, parallel(1).step);
}

TEST(ExpressRun, FabricsAct) {
  const auto on = [](const Change& change) { return outcome(pipelined(), change).step; };
  const double infiniband = on({});
  EXPECT_GT(on([](PublishedRun& r) { r.hardware.fabric = "RoCE"; }), infiniband);
  EXPECT_GT(on([](PublishedRun& r) { r.hardware.nic_gbps_per_gpu = 100; }), infiniband);
  EXPECT_LT(on([](PublishedRun& r) {
              r.hardware.gpus_per_node = 4;
              r.hardware.nvlink_domain = 72;
            }),
            infiniband);
}

TEST(ExpressRun, EagerOperatorsAndOffloadAct) {
  EXPECT_GT(outcome(base(), [](PublishedRun& r) { r.parallel.compile = false; }).step,
            outcome(base()).step);
  EXPECT_LT(outcome(base(), [](PublishedRun& r) { r.parallel.cpu_offload_layers = 4; }).memory,
            outcome(base()).memory);
  const auto reduced = [](const char* dtype) {
    return outcome(base(), [dtype](PublishedRun& r) { r.parallel.reduce_dtype = dtype; }).step;
  };
  EXPECT_GT(reduced("DEFAULT (params bf16, reduce fp32)"), reduced("bf16 (PURE)"));
  EXPECT_DOUBLE_EQ(reduced("fp32"), reduced("DEFAULT (params bf16, reduce fp32)"));
}

TEST(ExpressRun, SoftwareHasItsKernels) {
  SoftwareSpec old;
  const double best = outcome(base()).step;
  old.attention_kernel = AttentionKernel::flash_2;
  const double second = outcome(base(), {}, old).step;
  old.attention_kernel = AttentionKernel::unfused;
  const Outcome unfused = outcome(base(), {}, old);
  EXPECT_GT(second, best);
  EXPECT_GT(unfused.step, second);
  EXPECT_GT(unfused.memory, outcome(base()).memory);
  const Change full = [](PublishedRun& r) { r.parallel.recompute = "full"; };
  SoftwareSpec early;
  early.checkpoint_stops_early = true;
  EXPECT_LT(outcome(base(), full, early).step, outcome(base(), full).step);
}

// What is not known is said, never passed over.
TEST(ExpressRun, UnknownWordsAreAssumptions) {
  PublishedRun run = pipelined();
  run.parallel.recompute = "sometimes";
  run.parallel.zero = "magic";
  run.parallel.precision = "INT3";
  run.parallel.schedule = "chimera";
  run.hardware.nic_gbps_per_gpu = 0;
  const ExpressedRun e = express_run(run, load_device(RECKON_DATA_DIR, "h100-sxm"), {});
  EXPECT_TRUE(e.problems.empty());
  EXPECT_EQ(e.assumptions.size(), 5u);
}

}  // namespace
}  // namespace reckon
