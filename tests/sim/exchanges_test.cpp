#include "sim/exchanges.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace reckon {
namespace {

TEST(Exchanges, OneAfterTheOtherOnTheChannelsOfTheirHolders) {
  std::vector<SimTime> free{0, 0, 25};
  const std::vector<Exchange> exchanges{
      {0, 30, 30, 10, 1, 0, {0, 1}},  // waits for the second, which rank 1 has first
      {1, 20, 20, 15, 1, 2, {1}},     // held up by 2
      {2, 0, 0, 5, 1, 0, {2}},        // rank 2 is not free before 25
  };
  EXPECT_EQ(run_exchanges(exchanges, free),
            (std::vector<ExchangeWindow>{{0, 37, 47}, {1, 20, 37}, {2, 25, 30}}));
  EXPECT_EQ(free, (std::vector<SimTime>{47, 47, 30}));
}

TEST(Exchanges, PiecesWaitForWhatMakesThem) {
  std::vector<SimTime> free{0};
  // Faster than its pieces come: only the last one is left at the end.
  EXPECT_EQ(run_exchanges({{0, 25, 100, 40, 4, 0, {0}}}, free)[0], (ExchangeWindow{0, 25, 110}));
  free = {0};
  // Slower: all that matters is when it could begin.
  EXPECT_EQ(run_exchanges({{0, 25, 100, 400, 4, 0, {0}}}, free)[0], (ExchangeWindow{0, 25, 425}));
}

TEST(Exchanges, AConsumerWaitsForTheFirstPieceOrForTheLast) {
  EXPECT_EQ(earliest_consumer({0, 0, 40}, 4, 100), 10);  // slower than the pieces
  EXPECT_EQ(earliest_consumer({0, 0, 40}, 4, 20), 25);   // faster: its last quarter at 40
  EXPECT_EQ(earliest_consumer({0, 10, 40}, 1, 20), 40);
}

}  // namespace
}  // namespace reckon
