#include <tuple>

#include "planner/spec/json_io.hpp"
#include "topologies/prices.hpp"

namespace reckon {

template <>
struct Fields<PricedRow> {
  static constexpr std::tuple table{
      required("name", &PricedRow::name).not_empty(),
      required("endpoints", &PricedRow::endpoints).min(1),
      required("switches", &PricedRow::switches).min(0),
      required("links", &PricedRow::links).min(0),
      required("cost_million_usd", &PricedRow::cost, 1e6).min(0),
      required("cost_per_endpoint_thousand_usd", &PricedRow::cost_per_endpoint, 1e3).min(0)};
};
template <>
struct Fields<PriceTable> {
  static constexpr std::tuple table{
      required("switch_ports", &PriceTable::switch_ports).min(1),
      required("port_gigabits_per_s", &PriceTable::port_bandwidth, 1e9 / 8).positive(),
      required("solved_from", &PriceTable::solved_from).not_empty(),
      required("fabrics", &PriceTable::fabrics).not_empty(),
      optional("source", &PriceTable::source)};
};
template <>
struct Fields<PartPower> {
  static constexpr std::tuple table{
      required("switch_watts", &PartPower::switch_watts).min(0),
      required("nic_watts", &PartPower::nic_watts).min(0),
      required("switch_port_transceiver_watts", &PartPower::switch_port_transceiver_watts).min(0),
      required("nic_transceiver_watts", &PartPower::nic_transceiver_watts).min(0),
      required("provenance", &PartPower::provenance).not_empty(),
      optional("source", &PartPower::source)};
};

PriceTable read_price_table(std::string_view text, const std::string& file_name) {
  return read<PriceTable>(parse_document(text, file_name), "");
}

PartPower read_part_power(std::string_view text, const std::string& file_name) {
  return read<PartPower>(parse_document(text, file_name), "");
}

}  // namespace reckon
