#include "topologies/prices.hpp"

namespace reckon {

FabricPrices solve_prices(const PricedFabric& a, const PricedFabric& b) {
  const auto a_switches = static_cast<double>(a.counts.switches);
  const auto a_links = static_cast<double>(a.counts.links);
  const auto b_switches = static_cast<double>(b.counts.switches);
  const auto b_links = static_cast<double>(b.counts.links);
  const double determinant = a_switches * b_links - b_switches * a_links;
  if (determinant == 0) return {};
  return {(a.total * b_links - b.total * a_links) / determinant,
          (b.total * a_switches - a.total * b_switches) / determinant};
}

FabricPrices solve_prices(const PriceTable& table) {
  std::vector<PricedFabric> known;
  for (const std::string& name : table.solved_from) {
    for (const PricedRow& row : table.fabrics) {
      if (row.name != name) continue;
      known.push_back({{row.endpoints, row.switches, row.links}, row.cost});
    }
  }
  return known.size() == 2 ? solve_prices(known[0], known[1]) : FabricPrices{};
}

Usd fabric_price(const FabricCounts& counts, const FabricPrices& prices) {
  return prices.usd_per_switch * static_cast<double>(counts.switches) +
         prices.usd_per_link * static_cast<double>(counts.links);
}

Usd price_per_endpoint(const FabricCounts& counts, const FabricPrices& prices) {
  if (counts.endpoints == 0) return {};
  return fabric_price(counts, prices) / static_cast<double>(counts.endpoints);
}

}  // namespace reckon
