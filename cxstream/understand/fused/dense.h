// Small dense layers, and the shares and chances that come of them.

#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "eight.h"

namespace cxstream {

// Each row of x (rows, depth) with each of C rows of a weight. What a row and a column come to is added up in one
// order, whatever is beside them.
template <int R, int C>
void tile(const float* x, int64_t depth, const float* weight, const float* offset, float* out, int64_t width) {
  Eight all[R][C] = {};
  int64_t i = 0;
  for (; i + 8 <= depth; i += 8)
    for (int column = 0; column < C; column++) {
      const Eight mine = eight(weight + column * depth + i);
      for (int row = 0; row < R; row++) all[row][column] += eight(x + row * depth + i) * mine;
    }
  for (int row = 0; row < R; row++)
    for (int column = 0; column < C; column++) {
      float total = sum(all[row][column]);
      for (int64_t last = i; last < depth; last++)
        total = std::fma(x[row * depth + last], weight[column * depth + last], total);
      out[row * width + column] = total + offset[column];
    }
}

template <int R, int C>
void columns(const float* x, int64_t rows, int64_t depth, const float* weight, const float* offset, float* out,
             int64_t width) {
  for (; rows >= R; rows -= R, x += R * depth, out += R * width) tile<R, C>(x, depth, weight, offset, out, width);
  for (; rows > 0; rows--, x += depth, out += width) tile<1, C>(x, depth, weight, offset, out, width);
}

// One layer: weight (width, depth) as it is trained.
struct Layer {
  const float *weight, *offset;
  int64_t width, depth;

  // Two columns at a time of many rows, four of one: as many sums as registers hold, and loads feed.
  void of(const float* x, int64_t rows, float* out) const {
    int64_t column = 0;
    const auto from = [&](const float* given) { return given + column * depth; };
    if (rows < 4)
      for (; column + 4 <= width; column += 4)
        columns<1, 4>(x, rows, depth, from(weight), offset + column, out + column, width);
    for (; column + 2 <= width; column += 2)
      columns<4, 2>(x, rows, depth, from(weight), offset + column, out + column, width);
    for (; column < width; column++)
      columns<4, 1>(x, rows, depth, from(weight), offset + column, out + column, width);
  }
};

// Several, with the larger of nothing and what came between them; the last one's output, (rows, its width).
inline std::vector<float> through(const Layer* layers, int64_t count, std::vector<float> value, int64_t rows) {
  for (int64_t number = 0; number < count; number++) {
    if (number > 0)
      for (float& x : value) x = std::max(x, 0.0f);
    std::vector<float> next(rows * layers[number].width);
    layers[number].of(value.data(), rows, next.data());
    value = std::move(next);
  }
  return value;
}

inline float tanh_of(float x) { return 1.0f - 2.0f / (1.0f + raised(Eight{} + 2.0f * x)[0]); }

inline double chance(double odds) { return 1.0 / (1.0 + std::exp(-std::clamp(odds, -60.0, 60.0))); }

// Powers of e, less the largest: shares of one.
template <typename T>
void shares(const T* x, int64_t count, double* out) {
  const double most = *std::max_element(x, x + count);
  double all = 0.0;
  for (int64_t i = 0; i < count; i++) all += out[i] = std::exp(x[i] - most);
  for (int64_t i = 0; i < count; i++) out[i] /= all;
}

}  // namespace cxstream
