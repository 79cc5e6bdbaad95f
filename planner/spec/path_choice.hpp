// How transfers choose among ways that are as short.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "planner/spec/fields.hpp"

namespace reckon {

// Fat trees: up, then down; a torus has one way.
enum class PathChoice : std::uint8_t {
  // By the destination's number alone: where nothing has failed all sources meet it at the switch
  // that one port of its leaf leads to. Any shift of all is free of contention if the spines divide
  // the ports of a leaf; if not, no routing makes it so, as leaves have wires to different spines.
  d_mod_k,
  ecmp,  // by a hash of seed, source, destination and switch
};

template <>
struct EnumNames<PathChoice> {
  static constexpr std::array<std::pair<PathChoice, std::string_view>, 2> table{{
      {PathChoice::d_mod_k, "d_mod_k"},
      {PathChoice::ecmp, "ecmp"},
  }};
};

}  // namespace reckon
