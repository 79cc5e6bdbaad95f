#include "topologies/finite_field.hpp"

#include <cstddef>

namespace reckon {
namespace {

int smallest_factor(int q) {
  for (int factor = 2; factor * factor <= q; ++factor) {
    if (q % factor == 0) return factor;
  }
  return q;
}

// a + scale * b, digit by digit base p.
int add_scaled(int a, int scale, int b, int p) {
  int sum = 0;
  for (int place = 1; a > 0 || b > 0; place *= p, a /= p, b /= p) {
    sum += (a % p + scale * (b % p)) % p * place;
  }
  return sum;
}

// The powers of x modulo x^m - rest, as long as they do not repeat: all q - 1 elements but 0 if x
// generates the field. For m = 1 this multiplies by the number `rest`.
std::vector<int> powers_of_x(int q, int p, int rest) {
  std::vector<int> powers{1};
  while (static_cast<int>(powers.size()) < q) {
    const int last = powers.back();
    const int overflow = last / (q / p);  // the digit that x moves out
    const int next = add_scaled(last % (q / p) * p, overflow, rest, p);
    if (next == 1 || next == 0) break;
    powers.push_back(next);
  }
  return powers;
}

}  // namespace

bool is_prime_power(int q) {
  if (q < 2) return false;
  const int p = smallest_factor(q);
  while (q % p == 0) q /= p;
  return q == 1;
}

FiniteField::FiniteField(int q) : q_(q), p_(smallest_factor(q)) {
  // A polynomial x^m - rest is primitive just if x runs through all elements but 0.
  for (int rest = 1; rest < q_ && static_cast<int>(powers_.size()) != q_ - 1; ++rest) {
    powers_ = powers_of_x(q_, p_, rest);
  }
  exponent_.assign(static_cast<std::size_t>(q_), 0);
  for (std::size_t exponent = 0; exponent < powers_.size(); ++exponent) {
    exponent_[static_cast<std::size_t>(powers_[exponent])] = static_cast<int>(exponent);
  }
}

int FiniteField::add(int a, int b) const { return add_scaled(a, 1, b, p_); }

int FiniteField::subtract(int a, int b) const { return add_scaled(a, p_ - 1, b, p_); }

int FiniteField::multiply(int a, int b) const {
  if (a == 0 || b == 0) return 0;
  return power_of_generator(exponent_[static_cast<std::size_t>(a)] +
                            exponent_[static_cast<std::size_t>(b)]);
}

int FiniteField::power_of_generator(int exponent) const {
  return powers_[static_cast<std::size_t>(exponent % (q_ - 1))];
}

}  // namespace reckon
