// Inside topologies: arithmetic in the field of q elements, which are the numbers 0 .. q - 1.
#pragma once

#include <vector>

namespace reckon {

class FiniteField {
 public:
  explicit FiniteField(int q);  // is_prime_power(q)
  int add(int a, int b) const;
  int subtract(int a, int b) const;
  int multiply(int a, int b) const;
  int power_of_generator(int exponent) const;  // exponent >= 0

 private:
  int q_ = 2;
  int p_ = 2;                  // elements are polynomials over the field of p: digits base p
  std::vector<int> powers_;    // of a generator
  std::vector<int> exponent_;  // of each element but 0
};

bool is_prime_power(int q);

}  // namespace reckon
