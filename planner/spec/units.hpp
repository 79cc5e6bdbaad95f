// Quantities with their dimension in the type and their value in base units (seconds, bytes,
// floating-point operations, US dollars). Adding seconds to bytes does not compile; dividing two
// quantities of one dimension gives a plain double.
#pragma once

#include <compare>
#include <cstdint>

namespace reckon {

template <int Time, int Data, int Work, int Money>
struct Quantity {
  double value = 0.0;

  // clang-tidy 14 takes the 0 that a defaulted comparison compares with for a null pointer.
  constexpr auto operator<=>(const Quantity&) const = default;  // NOLINT(modernize-use-nullptr)
  constexpr Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value -= other.value;
    return *this;
  }
  constexpr Quantity& operator*=(double factor) {
    value *= factor;
    return *this;
  }
};

using Seconds = Quantity<1, 0, 0, 0>;
using Bytes = Quantity<0, 1, 0, 0>;
using Flops = Quantity<0, 0, 1, 0>;  // a count, never a rate
using Usd = Quantity<0, 0, 0, 1>;
using BytesPerSecond = Quantity<-1, 1, 0, 0>;
using FlopsPerSecond = Quantity<-1, 0, 1, 0>;
using Hertz = Quantity<-1, 0, 0, 0>;

template <int T, int D, int W, int M>
constexpr Quantity<T, D, W, M> operator+(Quantity<T, D, W, M> a, Quantity<T, D, W, M> b) {
  return {a.value + b.value};
}
template <int T, int D, int W, int M>
constexpr Quantity<T, D, W, M> operator-(Quantity<T, D, W, M> a, Quantity<T, D, W, M> b) {
  return {a.value - b.value};
}
template <int T, int D, int W, int M>
constexpr Quantity<T, D, W, M> operator*(Quantity<T, D, W, M> a, double factor) {
  return {a.value * factor};
}
template <int T, int D, int W, int M>
constexpr Quantity<T, D, W, M> operator*(double factor, Quantity<T, D, W, M> a) {
  return {a.value * factor};
}
template <int T, int D, int W, int M>
constexpr Quantity<T, D, W, M> operator/(Quantity<T, D, W, M> a, double divisor) {
  return {a.value / divisor};
}
template <int T1, int D1, int W1, int M1, int T2, int D2, int W2, int M2>
constexpr auto operator*(Quantity<T1, D1, W1, M1> a, Quantity<T2, D2, W2, M2> b) {
  if constexpr (T1 + T2 == 0 && D1 + D2 == 0 && W1 + W2 == 0 && M1 + M2 == 0) {
    return a.value * b.value;
  } else {
    return Quantity<T1 + T2, D1 + D2, W1 + W2, M1 + M2>{a.value * b.value};
  }
}
template <int T1, int D1, int W1, int M1, int T2, int D2, int W2, int M2>
constexpr auto operator/(Quantity<T1, D1, W1, M1> a, Quantity<T2, D2, W2, M2> b) {
  if constexpr (T1 == T2 && D1 == D2 && W1 == W2 && M1 == M2) {
    return a.value / b.value;
  } else {
    return Quantity<T1 - T2, D1 - D2, W1 - W2, M1 - M2>{a.value / b.value};
  }
}

constexpr double gib = 1073741824.0;  // bytes in a GiB; GB is always 1e9

// The simulated clock: integer picoseconds, so that equal inputs give equal bytes on any machine
// (int64 reaches 106 days).
using SimTime = std::int64_t;

// Rounds half away from zero to the clock's grid. Negative and non-finite durations are the
// caller's bug: cost models return finite values >= 0. Durations beyond the clock end at
// `longest_sim_time`; simulation_size() sees to it that no simulation starts with one.
constexpr SimTime longest_sim_time = 9'000'000'000'000'000'000;
constexpr SimTime to_sim_time(Seconds t) {
  const double picoseconds = t.value * 1e12 + (t.value < 0 ? -0.5 : 0.5);
  return picoseconds < static_cast<double>(longest_sim_time) ? static_cast<SimTime>(picoseconds)
                                                             : longest_sim_time;
}
constexpr Seconds to_seconds(SimTime t) { return {static_cast<double>(t) * 1e-12}; }

}  // namespace reckon
