// What --help says about each command, beside the options.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "planner/command_line.hpp"

namespace reckon {

struct CommandTexts {
  std::string_view name;
  Command command;
  std::string_view usage;
  std::string_view summary;
  std::string_view examples;
  std::string_view notes;  // behind the options
};

inline constexpr std::array<CommandTexts, 11> commands{{
    {"simulate", Command::simulate, "simulate PLAN [OPTION...]",
     "predict one plan: step time, MFU, memory, GPU-hours, dollars",
     "  reckon simulate deepseek-v3-2048-h800\n"
     "  reckon simulate deepseek-v3-2048-h800 --effects none --json report.json\n"
     "  reckon simulate deepseek-v3-2048-h800 --usd-per-gpu-hour 1.8 --trace step.pftrace\n"
     "  reckon simulate deepseek-v3-2048-h800 --fault slow_gpu:17.3=0.8,failed_plane:2\n"
     "  reckon simulate my-plan.json --model my-model.json --cluster h100-1024-dgx --csv -\n"
     "  reckon simulate deepseek-v3-2048-h800 --vary nvlink=100:450:50 --vary tp=1,2,4\n",
     "Effects make a real step longer than the bare one; sizes and sources stand in the plan:\n"
     "clock (sustained below nominal), sends (pipeline sends take time), links (transfers that\n"
     "meet share a port), routing (experts get uneven shares), jitter (ranks differ), faults.\n"
     "Faults are slow_gpu:NODE.GPU=SPEED, slow_nic:NODE.GPU=SPEED (a share of the normal speed)\n"
     "and failed_plane:PLANE; a cluster file may have them too. Money is US dollars; GB is 1e9\n"
     "bytes, GiB 2^30.\n\n"},
    {"schedule", Command::schedule, "schedule PLAN [OPTION...]",
     "print what every pipeline rank of a plan does, in order",
     "  reckon schedule deepseek-v3-2048-h800 | head -1    what pipeline rank 0 does\n",
     "F3.0 is the forward of micro-batch 3 at stage 0; B backward, I its input half, W its weight\n"
     "half; F15.0&B67.15 an overlapped pair; sa, ra, sg, rg send and receive activations and\n"
     "gradients; R reduces gradients, O is the optimizer, G gathers parameters.\n\n"},
    {"plan", Command::plan, "plan MODEL CLUSTER --tokens COUNT [OPTION...]",
     "search for the best plans under limits of days, dollars and memory",
     "  reckon plan deepseek-v3 h800-2048-mpft --tokens 14.8e12 --batch 15360\n"
     "  reckon plan llama-3-70b h100-1024-dgx --tokens 15e12 --max-days 60 --budget 4e6\n"
     "  reckon plan llama-3-70b h100-1024-dgx --tokens 15e12 --fix pp=4,8 --save-dir plans\n"
     "  reckon plan deepseek-v3 h800-2048-mpft --tokens 14.8e12 --resume v3.sqlite\n"
     "  reckon plan merge plan-0.json plan-1.json plan-2.json\n",
     "Every legal plan is bounded from below and its memory worked out; those that may be among\n"
     "the best or on the front are simulated, without effects. Axes: gpus, tp, cp, ep, pp "
     "(ranks),\n"
     "etp (ranks that share an expert; 0: as tp), precision (bf16, fp8; on Blackwell mxfp8, "
     "nvfp4),\n"
     "sp (sequence parallel: on, off), mbs, recompute (none, full, modules as in norm+swiglu or\n"
     "mlp+experts), schedule (dual_pipe, interleaved/4, ...), layout (even, or layers that\n"
     "the end stages hold less: first-1+last-2), zero, overlap (none, gradients, parameters, "
     "both).\n"
     "Only with --fix: tp beyond a node, cp and mbs beyond 16, etp between 1 and tp. ZeRO-2 and 3 "
     "go\n"
     "with gpipe, 1F1B and interleaved 1F1B, which have whole backwards to exchange behind.\n"
     "Ctrl-C ends the search and keeps what was found, marked partial.\n\n"},
    {"validate", Command::validate, "validate [FILE] [OPTION...]",
     "how accurate: predicted against published step times of hundreds of runs",
     "  reckon validate                                  on the 420 runs that are shipped\n"
     "  reckon validate --svg runs.svg --json runs.json\n"
     "  reckon validate my-runs.json --csv -             on records of your own\n",
     "A record says what ran on what and how long a step took (planner/runs/README.md). Errors "
     "are\n"
     "|predicted / measured - 1|, over runs and over groups (a model on a GPU), and with the "
     "factor "
     "of\n"
     "the software taken from the other groups only. A record that cannot be expressed counts as "
     "100 %.\n"
     "A band is what 80 % of the runs most alike stay within, those of the same group left "
     "out.\n\n"},
    {"calibrate", Command::calibrate,
     "calibrate check|fit|transfer --device NAME [OPTION...] [DATA...]",
     "check kernel models against measured times, fit them, carry them over",
     "  reckon calibrate check --device h100-sxm                        on the shipped "
     "measurements\n"
     "  reckon calibrate check --device h100-sxm my-gemms.csv --svg gemms.svg\n"
     "  reckon calibrate fit --device h100-sxm --family gemm my-gemms.csv --output my-h100.json\n"
     "  reckon calibrate transfer --device my-gpu.json --from h100-sxm --output my-gpu.json\n",
     "DATA are CSV files (docs: topologies/measured/README.md), nccl-tests' --json output or "
     "PyTorch\n"
     "profiler traces. Half of the shapes, chosen by family and never by row, are held back from\n"
     "every fit; their errors are the ones to believe. Rows that cannot be right are listed and "
     "left\n"
     "out. transfer takes the models of a measured device to one that is only specified: most\n"
     "parameters are shares of peaks and bandwidths and scale with the specification; times of\n"
     "launches, rates of one SM and cache sizes stay.\n\n"},
    {"network", Command::network,
     "network run|collective|dispatch|combine|describe [WHAT] [OPTION...]",
     "simulate flows, collectives, expert dispatch; describe and draw a network",
     "  reckon network run scenario.json             when each flow ends\n"
     "  reckon network run scenario.json --json -    every flow, for other programs\n"
     "  reckon network collective all_reduce --node h100 --nodes 4\n"
     "  reckon network collective all_gather --bytes 1048576,67108864\n"
     "  reckon network collective all_to_all --cluster h800-2048-mpft --gpus 64\n"
     "  reckon network dispatch --gpus 64 --loads recorded:single-domain --redundant 64\n"
     "  reckon network combine --gpus 64 --fault failed_plane:3\n"
     "  reckon network describe h800-2048-mpft --route 0,1023 --svg network.svg\n"
     "  reckon network describe h800-2048-mpft --fail plane:3 --fail link:gpu0-p0.leaf0\n",
     "A scenario has links (id, cap in bytes/s, lat in s) and flows (path of ids, bytes, start in "
     "s,\n"
     "after: flows that must have ended). Rates are max-min fair; a flow holds all links of its "
     "path\n"
     "at one rate. A file may hold a list of scenarios, and what to expect of each. Operations "
     "are\n"
     "all_reduce, all_gather, reduce_scatter, broadcast and reduce, by NCCL's cost model; and\n"
     "all_to_all, all_to_all_v (to receivers by --loads), gather, scatter and send_recv as flows "
     "over\n"
     "a cluster's links; bytes as nccl-tests count them. Dispatch and combine move tokens to "
     "experts\n"
     "and back as DeepEP does, with its measured rates; recorded loads: loss-free, aux-loss,\n"
     "real-text-resilient, real-text-concentrated, single-domain, or a file (expert_loads/1).\n\n"
     "describe takes the name of a cluster or topology (reckon catalog), or a cluster/1 or "
     "topology/1\n"
     "file. Parts are gpu5, nvswitch0, leaf3, spine1; p2.leaf3 of plane 2; pod1.leaf3, pod1.spine0 "
     "and\n"
     "core0.5 of three layers; g4.switch1 of a group; sw3.0.2 in a torus. link:A-B fails every "
     "wire\n"
     "between the two.\n\n"},
    {"import", Command::import, "import hf|megatron FILE [OPTION...]",
     "turn Hugging Face and Megatron-LM configurations into documents",
     "  reckon import hf config.json --name my-model --output my-model.json\n"
     "  reckon import hf config.json --assume-arch llama --json report.json > my-model.json\n"
     "  reckon import megatron pretrain.sh --gpus 1024 --cluster h100-1024-dgx\n"
     "  reckon import megatron train.log --output-model my-model.json --output-plan my-plan.json\n",
     "Every value that is taken is listed on standard error, and every other key with the reason "
     "why\n"
     "it is ignored. An unknown key is an error: it may change size, time or memory. Nothing is "
     "run "
     "or\n"
     "fetched. Megatron-LM's arguments may stand in a shell script (variables of the same file are "
     "put\n"
     "in), in a YAML file with MODEL_ARGS, or between \"---- arguments ----\" and its end in the "
     "log of a\n"
     "run, which tells most. Without files for them both documents are one JSON object.\n\n"},
    {"compare", Command::compare, "compare A B [OPTION...]",
     "two predictions line by line: inputs, figures, what makes the difference",
     "  reckon compare deepseek-v3-2048-h800 my-plan.json\n"
     "  reckon simulate deepseek-v3-2048-h800 --json a.json\n"
     "  reckon simulate deepseek-v3-2048-h800 --device h200-sxm --json b.json\n"
     "  reckon compare a.json b.json --csv -\n",
     "Differences are B - A. Inputs that differ stand with their JSON pointers, sources left out;\n"
     "of the device a report only says name, peak and memory. What the step differs by is the sum "
     "of\n"
     "its kernels, exposed communication, bubble and optimizer (all bare) and of each effect.\n\n"},
    {"catalog", Command::catalog, "catalog [KIND]",
     "list the shipped models, clusters, devices, plans and topologies",
     "  reckon catalog\n"
     "  reckon catalog plan\n",
     ""},
    {"schema", Command::schema, "schema DOCUMENT", "print the JSON Schema of a document",
     "  reckon schema plan/1 > plan.schema.json    for an editor, or to check own plans\n"
     "  reckon schema report/1                     what --json writes\n",
     "Documents: plan/1, model/1, cluster/1, device/1, topology/1, transport/1 and expert_loads/1 "
     "are\n"
     "read, and software/1, residuals/1; report/1, sweep/1, comparison/1, plan_search/1, "
     "accuracy/1,\n"
     "calibration/1, flows/1, collective/1, flow_collective/1, experts/1, topology_report/1 and\n"
     "import/1 are written with --json.\n\n"},
    {"help", Command::print, "help [COMMAND]", "print what a command does, with its options",
     "  reckon help simulate\n", ""},
}};

inline constexpr std::string_view program_summary =
    "reckon predicts what a large training run takes and costs on a GPU cluster\n";
inline constexpr std::string_view program_examples =
    "  reckon simulate deepseek-v3-2048-h800                  step, MFU, memory, bill\n"
    "  reckon simulate deepseek-v3-2048-h800 --effects none   the bare step\n"
    "  reckon simulate my-plan.json --cluster h100-1024-dgx   an own plan, another cluster\n"
    "  reckon simulate my-plan.json --vary nvlink=100:450:50  what a faster NVLink brings\n"
    "  reckon compare a.json b.json                           why two predictions differ\n"
    "  reckon plan llama-3-70b h100-1024-dgx --tokens 15e12   search for the best plan\n"
    "  reckon catalog plan                                    the shipped plans\n";
inline constexpr std::string_view exit_codes =
    "Exit codes: 0 done, 2 bad input, 3 the plan cannot run, 5 a scenario ends otherwise than it\n"
    "expects. Data go to standard output, messages to standard error; an output file is whole or "
    "not\n"
    "there.\n";

inline const CommandTexts* find_command(std::string_view name) {
  const auto* const found =
      std::find_if(commands.begin(), commands.end(),
                   [name](const CommandTexts& texts) { return texts.name == name; });
  return found != commands.end() ? found : nullptr;
}

}  // namespace reckon
