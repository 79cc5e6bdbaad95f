// Two of the five published totals give the prices; the others check them.
#include "topologies/prices.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

struct Published {
  PricedFabric fabric;
  double per_endpoint = 0;
};

std::map<std::string, Published> published() {
  std::ifstream file(std::string(RECKON_DATA_DIR) + "/topologies/prices/switch_table.json");
  std::map<std::string, Published> fabrics;
  const nlohmann::json table = nlohmann::json::parse(file);
  for (const nlohmann::json& row : table.at("fabrics")) {
    fabrics[row.at("name")] = {{{row.at("endpoints"), row.at("switches"), row.at("links")},
                                {row.at("cost_million_usd").get<double>() * 1e6}},
                               row.at("cost_per_endpoint_thousand_usd").get<double>() * 1e3};
  }
  return fabrics;
}

// 768 s + 16384 l = 72 M$ and 5120 s + 131072 l = 491 M$: 82.9 k$ a switch and 0.51 k$ a link,
// which is to say that the wires to the endpoints are in the price of the switch.
TEST(FabricPrices, AllPublishedTotalsFollowFromTwoOfThem) {
  const std::map<std::string, Published> fabrics = published();
  const FabricPrices prices = solve_prices(fabrics.at("MPFT").fabric, fabrics.at("FT3").fabric);
  EXPECT_NEAR(prices.usd_per_switch.value, 82.9e3, 1e3);
  EXPECT_NEAR(prices.usd_per_link.value, 0.51e3, 0.05e3);
  for (const auto& [name, row] : fabrics) {
    const double total = fabric_price(row.fabric.counts, prices).value;
    EXPECT_NEAR(total / row.fabric.total.value, 1, 0.02) << name;
    // Printed to two digits for the last two columns.
    const double per_endpoint = price_per_endpoint(row.fabric.counts, prices).value;
    EXPECT_NEAR(per_endpoint / row.per_endpoint, 1, 0.025) << name;
  }
}

TEST(FabricPrices, TwoMultiplesOfOneFabricDoNotTellThePrices) {
  const std::map<std::string, Published> fabrics = published();
  EXPECT_EQ(solve_prices(fabrics.at("FT2").fabric, fabrics.at("MPFT").fabric), FabricPrices{});
  EXPECT_EQ(price_per_endpoint({}, {{1}, {1}}), Usd{});
}

std::string file(const std::string& name) {
  std::ifstream stream(std::string(RECKON_DATA_DIR) + "/topologies/prices/" + name);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(FabricPrices, TheTableSaysWhatItsPricesAreSolvedFrom) {
  const PriceTable table = read_price_table(file("switch_table.json"), "switch_table.json");
  EXPECT_EQ(table.switch_ports, 64);
  EXPECT_DOUBLE_EQ(table.port_bandwidth.value, 50e9);
  EXPECT_NEAR(solve_prices(table).usd_per_switch.value, 82.9e3, 1e3);
  PriceTable other = table;
  other.solved_from = {"MPFT", "none"};
  EXPECT_EQ(solve_prices(other), FabricPrices{});
}

// The transceivers' data sheets give a twin-port module as a whole; a switch draws more than a NIC.
TEST(PartPower, IsReadWithItsProvenance) {
  const PartPower power = read_part_power(file("network_power.json"), "network_power.json");
  EXPECT_EQ(power.provenance, "assumed");
  EXPECT_DOUBLE_EQ(2 * power.switch_port_transceiver_watts, 15);
  EXPECT_GT(power.switch_watts, power.nic_watts);
  EXPECT_THROW(read_part_power("{}", "empty.json"), InputError);
}

}  // namespace
}  // namespace reckon
