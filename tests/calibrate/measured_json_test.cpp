#include "sim/calibrate/measured_json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sim/kernel_models/family_model.hpp"
#include "tests/calibrate/devices.hpp"

namespace reckon {
namespace {

MeasuredKernels read(const std::string& text) {
  MeasuredKernels measured;
  add_measured_json(text, "file.json", test::round_gpu(), measured);
  return measured;
}

std::string text_of(const MeasuredKernel& row) {
  return row.variant + ": " + shape_text(family_model(row.family), row.sizes);
}

// As nccl-tests 2.17 writes it; a float is counted as two elements of two bytes.
TEST(MeasuredJson, NcclTests) {
  const MeasuredKernels measured = read(R"({
    "args": ["./build/all_reduce_perf", "-b", "1M", "--json", "out.json"],
    "config": {"nthreads": 1, "ngpus": 1, "devices": [{"rank": 0}, {"rank": 1}, {"rank": 2},
               {"rank": 3}]},
    "results": [
      {"size": 0, "count": 0, "type": "float", "out_of_place": {"time": 5.0}},
      {"size": 1048576, "count": 262144, "type": "float", "redop": "sum",
       "out_of_place": {"time": 25.5, "alg_bw": 41, "bus_bw": 61.6}, "in_place": {"time": 26}},
      {"size": 2097152, "count": 1048576, "type": "bfloat16", "out_of_place": {"time": 40}},
      {"size": 2097152, "count": 1048576, "type": "bfloat16", "out_of_place": null},
      {"size": 2097152, "count": 1048576, "type": "bfloat16", "out_of_place": {"time": 0}}]})");
  ASSERT_EQ(measured.rows.size(), 2u);
  EXPECT_EQ(text_of(measured.rows[0]), "all_reduce: bf16, gpus 4, elements 524288");
  EXPECT_DOUBLE_EQ(measured.rows[0].time.value, 25.5e-6);
  EXPECT_EQ(measured.rows[0].pointer, "/results/1");
  EXPECT_EQ(text_of(measured.rows[1]), "all_reduce: bf16, gpus 4, elements 1048576");
  ASSERT_EQ(measured.problems.size(), 2u);
  EXPECT_EQ(measured.problems[0].pointer, "/results/3");
  EXPECT_EQ(measured.problems[1].pointer, "/results/4");
}

TEST(MeasuredJson, NcclTestsOfAnotherProgram) {
  const MeasuredKernels measured =
      read(R"({"args": ["sendrecv_perf"], "config": {}, "results": [{"size": 8}]})");
  EXPECT_TRUE(measured.rows.empty());
  ASSERT_EQ(measured.problems.size(), 1u);
  EXPECT_NE(measured.problems[0].message.find("all_reduce_perf"), std::string::npos);
}

// Two products with shapes, one collective with its size, two kernels that tell nothing.
TEST(MeasuredJson, PyTorchTrace) {
  const MeasuredKernels measured = read(R"({"traceEvents": [
    {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "dur": 30, "args": {"External id": 7,
     "Input Dims": [[128, 512], [512, 256]], "Input type": ["c10::BFloat16", "c10::BFloat16"]}},
    {"ph": "X", "cat": "cpu_op", "name": "aten::addmm", "args": {"External id": 8,
     "Input Dims": [[256], [64, 512], [512, 256]], "Input type": ["float", "float", "float"]}},
    {"ph": "X", "cat": "cpu_op", "name": "aten::addmm", "args": {"External id": 9,
     "Input Dims": [[256], [64, 512], [512, 256]],
     "Input type": ["c10::Half", "c10::Half", "c10::Half"]}},
    {"ph": "X", "cat": "kernel", "name": "nvjet_tst_128x256", "dur": 12.5,
     "args": {"External id": 7, "stream": 7}},
    {"ph": "X", "cat": "kernel", "name": "cutlass_gemm_relu", "dur": 8,
     "args": {"External id": 9}},
    {"ph": "X", "cat": "kernel", "name": "splitKreduce_kernel", "dur": 2,
     "args": {"External id": 9}},
    {"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllGather_RING_LL", "dur": 90,
     "args": {"Collective name": "_allgather_base", "In msg nelems": 65536,
              "Out msg nelems": 524288, "Group size": 8, "dtype": "BFloat16"}},
    {"ph": "X", "cat": "kernel", "name": "flash_fwd_kernel", "dur": 100, "args": {}},
    {"ph": "M", "name": "process_name"}, 5]})");
  ASSERT_EQ(measured.rows.size(), 3u);
  EXPECT_EQ(text_of(measured.rows[0]), "bf16: m 128, n 256, k 512");
  EXPECT_DOUBLE_EQ(measured.rows[0].time.value, 12.5e-6);
  EXPECT_EQ(text_of(measured.rows[1]), "bf16: m 64, n 256, k 512");
  EXPECT_EQ(text_of(measured.rows[2]), "all_gather: bf16, gpus 8, elements 524288");
  ASSERT_EQ(measured.problems.size(), 2u);
  EXPECT_NE(measured.problems[0].message.find("1 attention kernels"), std::string::npos);
  EXPECT_NE(measured.problems[1].message.find("1 reduction kernels"), std::string::npos);
}

TEST(MeasuredJson, WhatIsNeither) {
  EXPECT_EQ(read("[1, 2]").problems.size(), 1u);
  EXPECT_EQ(read(R"({"results": 5})").problems.size(), 1u);
  EXPECT_THROW(read("{"), InputError);
}

}  // namespace
}  // namespace reckon
