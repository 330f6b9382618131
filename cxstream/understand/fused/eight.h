// Eight numbers at once, added and raised in the same order on every processor.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace cxstream {

typedef float Eight __attribute__((vector_size(32)));
typedef int32_t EightWhole __attribute__((vector_size(32)));

inline Eight eight(const float* from) {
  Eight x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

template <typename V, typename T>
void put(V x, T* to) {
  std::memcpy(to, &x, sizeof x);
}

inline float sum(Eight x) { return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7])); }

// Added and taken away again, it rounds what is not too large for that.
constexpr float WHOLE = 12582912.0f;

// e to the power of x, as a power of two and a polynomial for the rest. Bounds that no trained encoder meets
// stand for taking each row's largest away first: e to 64 times what 512 tokens add up to is a number yet.
inline Eight raised(Eight x) {
  constexpr float MOST = 64.0f;
  x = x < -MOST ? Eight{} - MOST : x;
  x = x > MOST ? Eight{} + MOST : x;
  const Eight power = (x * 1.44269504f + WHOLE) - WHOLE;
  const Eight rest = (x - power * 0.693359375f) + power * 2.12194440e-4f;
  Eight sum = rest * 1.3888889e-3f + 8.3333333e-3f;
  sum = sum * rest + 4.1666667e-2f;
  sum = sum * rest + 1.6666667e-1f;
  sum = sum * rest + 0.5f;
  sum = sum * rest + 1.0f;
  sum = sum * rest + 1.0f;
  const EightWhole exponent = (__builtin_convertvector(power, EightWhole) + 127) << 23;
  return sum * std::bit_cast<Eight>(exponent);
}

}  // namespace cxstream
