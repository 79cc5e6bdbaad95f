#include "sim/calibrate/measured_csv.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sim/kernel_models/family_model.hpp"
#include "tests/calibrate/devices.hpp"

namespace reckon {
namespace {

MeasuredKernels read(const std::string& text) {
  MeasuredKernels measured;
  add_measured_csv(text, "rows.csv", test::round_gpu(), measured);
  return measured;
}

const std::string gemm_header = "dtype,m,n,k,latency_us\n";

TEST(MeasuredCsv, ReadsTheHeaderInAnyOrder) {
  const MeasuredKernels measured =
      read("# measured by hand\nlatency_us, k ,n,m,library,dtype\r\n12.5,512,256,128,x,bfloat16\n");
  ASSERT_EQ(measured.problems, std::vector<Problem>{});
  ASSERT_EQ(measured.rows.size(), 1u);
  const MeasuredKernel& row = measured.rows[0];
  EXPECT_EQ(row.family, ModelFamily::gemm);
  EXPECT_EQ(row.variant, "bf16");
  EXPECT_EQ(shape_text(family_model(row.family), row.sizes), "m 128, n 256, k 512");
  EXPECT_DOUBLE_EQ(row.time.value, 12.5e-6);
  EXPECT_EQ(row.line, 3);
}

// DeepEP's files hold dispatch and combine in one line each.
TEST(MeasuredCsv, OneLineCanHoldTwoFamilies) {
  const MeasuredKernels measured = read(
      "nodes,hidden,tokens,topk,experts,dispatch_sms,dispatch_us,combine_sms,combine_us\n"
      "1,2048,1024,8,128,20,89.1,24,114.4\n");
  ASSERT_EQ(measured.rows.size(), 2u);
  EXPECT_EQ(measured.rows[0].family, ModelFamily::expert_dispatch);
  EXPECT_EQ(measured.rows[0].sizes[4], 20);
  EXPECT_EQ(measured.rows[1].family, ModelFamily::expert_combine);
  EXPECT_EQ(measured.rows[1].sizes[4], 24);
  EXPECT_DOUBLE_EQ(measured.rows[1].time.value, 114.4e-6);
}

// Experts without a gate have two matrices; a file that does not say has gates.
TEST(MeasuredCsv, AColumnWithADefaultMayBeMissing) {
  const MeasuredKernels measured = read(
      "dtype,tokens,hidden,inter,topk,experts,tp,ep,routing,latency_us\n"
      "fp8,64,2048,512,8,64,1,1,balanced,80\n");
  ASSERT_EQ(measured.rows.size(), 1u);
  EXPECT_EQ(measured.rows[0].sizes[8], 3);
}

TEST(MeasuredCsv, WordsAreNumbersOfTheirTable) {
  const MeasuredKernels measured = read(
      "op,dtype,gpus,elements,latency_us\nall_gather,half,8,1048576,40\n"
      "all_gather,int4,8,1048576,40\n");
  ASSERT_EQ(measured.rows.size(), 1u);
  EXPECT_EQ(measured.rows[0].variant, "all_gather");
  EXPECT_EQ(measured.rows[0].sizes[0], 0);
  ASSERT_EQ(measured.problems.size(), 1u);
  EXPECT_EQ(measured.problems[0].to_text(), "rows.csv:3: dtype \"int4\" cannot be read; left out");
}

// All bad rows in one go, each with its line; the good ones stay.
TEST(MeasuredCsv, BadRowsAreListedAndLeftOut) {
  const MeasuredKernels measured = read(gemm_header +
                                        "bfloat16,128,256,512,5\n"
                                        "bfloat16,128,256\n"
                                        "bfloat16,128,x,512,5\n"
                                        "bfloat16,128,256,512,slow\n"
                                        "bfloat16,128,256,512,0\n"
                                        "bfloat16,128,256,512,-3\n"
                                        "bfloat16,128,256,512,nan\n"
                                        "bfloat16,128,-256,512,5\n"
                                        "bfloat16,128,256,512,6\n");
  EXPECT_EQ(measured.rows.size(), 2u);
  ASSERT_EQ(measured.problems.size(), 7u);
  const std::vector<std::string> phrases{
      "has 3 columns, the header 5",      "n \"x\" cannot be read",
      "latency_us \"slow\" is no number", "a time must be above zero",
      "a time must be above zero",        "a time must be above zero",
      "n is no whole number from 1"};
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    EXPECT_EQ(measured.problems[i].line, static_cast<int>(i) + 3);
    EXPECT_NE(measured.problems[i].message.find(phrases[i]), std::string::npos)
        << measured.problems[i].message;
  }
}

// 8192^3 in 500 us are 2,199 TFLOPS on a GPU of 1,000: milliseconds taken for microseconds, say.
// Shapes that no kernel has; files of spreadsheets begin with a mark.
TEST(MeasuredCsv, SizesMustMakeSense) {
  const std::string experts = "dtype,tokens,hidden,inter,topk,experts,tp,ep,routing,latency_us\n";
  for (const char* row :
       {"fp8,64,2048,512,8,0,1,1,balanced,80", "fp8,64,2048,512,8,64,1,65,balanced,80",
        "fp8,64,2048,512,65,64,1,1,balanced,80", "fp8,0,2048,512,8,64,1,1,balanced,80",
        "fp8,64,2048,512,8,64,0.5,1,balanced,80", "f\xffp8,64,2048,512,8,64,1,1,balanced,80"}) {
    const MeasuredKernels measured = read(experts + row + "\n");
    EXPECT_TRUE(measured.rows.empty()) << row;
    EXPECT_EQ(measured.rows_left_out, 1) << row;
  }
  EXPECT_EQ(read("op,dtype,gpus,elements,latency_us\nall_reduce,half,0,3000000,40\n").rows.size(),
            0u);
  EXPECT_EQ(read("op,dtype,gpus,elements,latency_us\nall_reduce,half,16,3000000,40\n").rows.size(),
            0u);
  EXPECT_EQ(read("\xEF\xBB\xBF" + gemm_header + "fp8,64,64,64,9\n").rows.size(), 1u);
  EXPECT_EQ(read(gemm_header + "fp8,64,64,64,1e300\n").rows.size(), 0u);
}

TEST(MeasuredCsv, ARateThatCannotBeIsLeftOut) {
  const MeasuredKernels measured =
      read(gemm_header + "bfloat16,8192,8192,8192,500\nbfloat16,8192,8192,8192,1500\n");
  EXPECT_EQ(measured.rows.size(), 1u);
  ASSERT_EQ(measured.problems.size(), 1u);
  EXPECT_EQ(measured.problems[0].to_text(),
            "rows.csv:2: comes to 2199 TFLOPS where the GPU's peak is 1000; is the time in "
            "microseconds (m 8192, n 8192, k 8192); left out");
  // 2 GB a vector in 1 us.
  EXPECT_EQ(read(gemm_header + "bfloat16,1,32768,32768,1\n").problems.size(), 1u);
}

TEST(MeasuredCsv, AHeaderOfNoFamilySaysWhatThereIs) {
  const MeasuredKernels measured = read("shape,time\n1,2\n");
  EXPECT_TRUE(measured.rows.empty());
  ASSERT_EQ(measured.problems.size(), 1u);
  EXPECT_EQ(measured.problems[0].line, 1);
  for (const char* phrase : {"of no kernel family", "gemm: dtype,m,n,k,latency_us",
                             "collective: op,dtype,gpus,elements,latency_us"}) {
    EXPECT_NE(measured.problems[0].message.find(phrase), std::string::npos) << phrase;
  }
  EXPECT_EQ(read("").problems.size(), 1u);
}

}  // namespace
}  // namespace reckon
