// What a fabric costs, from what published ones cost.
#pragma once

#include "planner/spec/units.hpp"
#include "topologies/shape.hpp"

namespace reckon {

// The wires between endpoints and switches are not priced apart: with published totals their price
// cannot be told from that of the switch ports that they end at.
struct FabricPrices {
  Usd usd_per_switch;
  Usd usd_per_link;  // between switches
  bool operator==(const FabricPrices&) const = default;
};

struct PricedFabric {
  FabricCounts counts;
  Usd total;
};

// The two prices at which both fabrics cost what they do. Zeros if the two do not tell, being
// multiples of each other.
FabricPrices solve_prices(const PricedFabric& a, const PricedFabric& b);

Usd fabric_price(const FabricCounts& counts, const FabricPrices& prices);
Usd price_per_endpoint(const FabricCounts& counts, const FabricPrices& prices);

}  // namespace reckon
