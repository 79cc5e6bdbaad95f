// The five documents that reckon reads, by name.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "planner/spec/fields.hpp"

namespace reckon {

enum class DocumentKind : std::uint8_t { model, cluster, device, plan, topology };

template <>
struct EnumNames<DocumentKind> {
  static constexpr std::array<std::pair<DocumentKind, std::string_view>, 5> table{{
      {DocumentKind::model, "model"},
      {DocumentKind::cluster, "cluster"},
      {DocumentKind::device, "device"},
      {DocumentKind::plan, "plan"},
      {DocumentKind::topology, "topology"},
  }};
};

}  // namespace reckon
