#include "planner/import/layer_pattern.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reckon {
namespace {

std::vector<bool> layers(const std::string& digits) {
  std::vector<bool> list;
  for (const char digit : digits) list.push_back(digit == '1');
  return list;
}

// "first_dense interval offset", or "none".
std::string moe(const std::string& digits) {
  const auto found = moe_layers_of(layers(digits));
  if (!found) return "none";
  return std::to_string(found->first_dense) + " " + std::to_string(found->interval) + " " +
         std::to_string(found->offset);
}

TEST(LayerPattern, OfExperts) {
  EXPECT_EQ(moe("1111"), "0 1 0");
  EXPECT_EQ(moe("0001111"), "3 1 0");
  EXPECT_EQ(moe("01010101"), "0 2 1");
  EXPECT_EQ(moe("10101"), "0 2 0");
  EXPECT_EQ(moe("00010101"), "3 2 1");
  EXPECT_EQ(moe("0001"), "3 1 0");
  EXPECT_EQ(moe("1000"), "none") << "one layer with experts in front of dense ones";
  EXPECT_EQ(moe("0110"), "none");
  EXPECT_EQ(moe("0000"), "none");
  EXPECT_EQ(moe(""), "none");
}

// The numbers that are found give the list again.
TEST(LayerPattern, OfExpertsIsWhatTheModelDoes) {
  for (int interval = 1; interval < 5; ++interval) {
    for (int offset = 0; offset < interval; ++offset) {
      for (int first = 0; first < 5; ++first) {
        std::string digits;
        for (int layer = 0; layer < 24; ++layer) {
          digits += layer >= first && layer % interval == offset ? '1' : '0';
        }
        const auto found = moe_layers_of(layers(digits));
        ASSERT_TRUE(found) << digits;
        for (int layer = 0; layer < 24; ++layer) {
          EXPECT_EQ(layer >= found->first_dense && layer % found->interval == found->offset,
                    digits[static_cast<std::size_t>(layer)] == '1')
              << digits << " layer " << layer;
        }
      }
    }
  }
}

TEST(LayerPattern, OfWindows) {
  EXPECT_EQ(full_attention_every_of(layers("1111")), 0);
  EXPECT_EQ(full_attention_every_of(layers("0000")), 1);
  EXPECT_EQ(full_attention_every_of(layers("1010")), 2);
  EXPECT_EQ(full_attention_every_of(layers("1110111011")), 4);
  EXPECT_EQ(full_attention_every_of(layers("0101")), std::nullopt);
  EXPECT_EQ(full_attention_every_of(layers("1011")), std::nullopt);
}

}  // namespace
}  // namespace reckon
