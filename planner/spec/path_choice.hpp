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
  d_mod_k,  // by the destination's number alone: all sources meet it on one way
  ecmp,     // by a hash of seed, source, destination and switch
};

template <>
struct EnumNames<PathChoice> {
  static constexpr std::array<std::pair<PathChoice, std::string_view>, 2> table{{
      {PathChoice::d_mod_k, "d_mod_k"},
      {PathChoice::ecmp, "ecmp"},
  }};
};

}  // namespace reckon
