#include "sim/effects.hpp"

namespace reckon {
namespace {

// splitmix64 (Steele, Lea, Flood 2014): the finaliser of a counter.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Sum of twelve uniform numbers minus six: mean 0, variance 1, bounded by 6 (Irwin-Hall), exact in
// integers on every machine.
std::int32_t normal(std::uint64_t seed, std::uint64_t index) {
  std::int64_t sum = 0;
  for (std::uint64_t part = 0; part < 3; ++part) {
    std::uint64_t bits = mix(mix(seed) + index * 3 + part);
    for (int i = 0; i < 4; ++i, bits >>= 16) sum += static_cast<std::int64_t>(bits & 0xffffu);
  }
  return static_cast<std::int32_t>(sum - std::int64_t{6} * 0xffff);
}

}  // namespace

NoiseTable::NoiseTable(std::uint64_t seed) : values_(size) {
  for (std::size_t i = 0; i < size; ++i) values_[i] = normal(seed, i);
}

std::size_t NoiseTable::window(std::uint64_t stream, std::uint64_t a, std::uint64_t b) {
  return static_cast<std::size_t>(mix(mix(mix(stream) + a) + b)) & (size - 1);
}

}  // namespace reckon
