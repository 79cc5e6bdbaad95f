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

Usd fabric_price(const FabricCounts& counts, const FabricPrices& prices) {
  return prices.usd_per_switch * static_cast<double>(counts.switches) +
         prices.usd_per_link * static_cast<double>(counts.links);
}

Usd price_per_endpoint(const FabricCounts& counts, const FabricPrices& prices) {
  if (counts.endpoints == 0) return {};
  return fabric_price(counts, prices) / static_cast<double>(counts.endpoints);
}

}  // namespace reckon
