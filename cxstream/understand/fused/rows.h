// Rows on their way from one matrix product to the next.

#pragma once

#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "eight.h"

namespace cxstream {

using torch::stable::Tensor;
using Perhaps = std::optional<Tensor>;

// Partial sums of a row; widths are multiples of it.
constexpr int LANES = 16;

template <typename T>
T* numbers_of(const Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

// Rows as a product left them. Without `columns` they are done; with columns alone these are the bias that is yet
// to be added; with `about`, unit and base of each row, they are sums of whole numbers, and columns are scale, sum of
// the weights (times scale) and bias of each.
class Rows {
 public:
  Rows(const Tensor& product, const Perhaps& about, const Perhaps& columns)
      : width(product.size(1)), count(product.size(0)), product_(product.data_ptr()) {
    if (columns) bias_ = numbers_of<float>(*columns);
    if (about) {
      about_ = numbers_of<float>(*about);
      scale_ = bias_;
      sums_ = scale_ + width;
      bias_ = sums_ + width;
    }
  }

  // `many` columns of one row, from `from` on, in single precision.
  void read(int64_t row, int64_t from, int64_t many, float* out) const {
    const int64_t start = row * width + from;
    if (about_ != nullptr) {
      const int32_t* given = static_cast<const int32_t*>(product_) + start;
      const float unit = about_[2 * row], base = about_[2 * row + 1];
      const float *scale = scale_ + from, *sums = sums_ + from, *bias = bias_ + from;
      for (int64_t i = 0; i < many; i++)
        out[i] = static_cast<float>(given[i]) * (unit * scale[i]) + (base * sums[i] + bias[i]);
      return;
    }
    const float* given = static_cast<const float*>(product_) + start;
    if (bias_ == nullptr) {
      std::memcpy(out, given, many * sizeof(float));
      return;
    }
    const float* bias = bias_ + from;
    for (int64_t i = 0; i < many; i++) out[i] = given[i] + bias[i];
  }

  const int64_t width, count;

 private:
  const void* product_;
  const float *about_ = nullptr, *scale_ = nullptr, *sums_ = nullptr, *bias_ = nullptr;
};

// Rows as whole numbers of 8 bits, in groups with a unit and a base each: those from 0 to 255 count from the least of
// their group, signed ones from -127 to 127 from its middle. Nothing is ever cut off.
class Numbers {
 public:
  // `about` (rows, 2 * groups); nothing, where rows go on as they are.
  Numbers(const Perhaps& numbers, const Perhaps& about) {
    if (!numbers || !about) return;
    numbers_ = static_cast<uint8_t*>(numbers->data_ptr());
    about_ = numbers_of<float>(*about);
    groups_ = about->size(1) / 2;
    centred_ = numbers->scalar_type() == torch::headeronly::ScalarType::Char;
  }

  bool wanted() const { return numbers_ != nullptr; }

  void write(int64_t row, const float* x, int64_t width) const {
    const int64_t size = width / groups_;
    uint8_t* to = numbers_ + row * width;
    float* about = about_ + 2 * groups_ * row;
    for (int64_t group = 0; group < groups_; group++, x += size, to += size, about += 2) write(x, size, to, about);
  }

 private:
  void write(const float* x, int64_t size, uint8_t* to, float* about) const {
    Eight least = eight(x), most = least;
    for (int64_t i = 8; i < size; i += 8) {
      const Eight some = eight(x + i);
      least = some < least ? some : least;
      most = some > most ? some : most;
    }
    float low = least[0], high = most[0];
    for (int i = 1; i < 8; i++) {
      low = std::min(low, least[i]);
      high = std::max(high, most[i]);
    }
    const float unit = std::max(high - low, 1e-9f) / (centred_ ? 254.0f : 255.0f);
    const float base = centred_ ? 0.5f * (low + high) : low;
    const float per_unit = 1.0f / unit;
    for (int64_t i = 0; i < size; i += LANES) {
      uint32_t bits[LANES];
      for (int half = 0; half < LANES; half += 8) {
        Eight number = (eight(x + i + half) - base) * per_unit;
        if (centred_) {  // where all are nearly equal, rounding has moved the middle by many units
          number = number < -127.0f ? Eight{} - 127.0f : number;
          number = number > 127.0f ? Eight{} + 127.0f : number;
        }
        put(number + WHOLE, bits + half);
      }
      // the last eight bits of a number to which WHOLE was added are the whole number
      for (int lane = 0; lane < LANES; lane++) to[i + lane] = static_cast<uint8_t>(bits[lane]);
    }
    about[0] = unit;
    about[1] = base;
  }

  uint8_t* numbers_ = nullptr;
  float* about_ = nullptr;
  int64_t groups_ = 1;
  bool centred_ = false;
};

}  // namespace cxstream
