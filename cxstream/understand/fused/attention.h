// Attention over texts of a few tokens each, one head of one text at a time.

#pragma once

#include "rows.h"

#include <cmath>

namespace cxstream {

// How much each token looks at each, and what it sees there.
class Head {
 public:
  Head(int64_t longest, int64_t wide)
      : wide_(wide),
        query_(longest * wide),
        key_(wide),
        keys_(wide * (longest + 8)),
        value_(longest * wide),
        near_(QUERIES * (longest + 8)) {}

  // One text from row `first` on, `head` of it, into its columns of `mixed` (tokens, hidden).
  void look(const Rows& rows, int64_t first, int64_t length, int64_t head, int64_t hidden, float* mixed) {
    const int64_t across = (length + 7) / 8 * 8, from = head * wide_;
    const float root = 1.0f / std::sqrt(static_cast<float>(wide_));
    for (int64_t token = 0; token < length; token++) {
      rows.read(first + token, from, wide_, query_.data() + token * wide_);
      rows.read(first + token, hidden + from, wide_, key_.data());
      rows.read(first + token, 2 * hidden + from, wide_, value_.data() + token * wide_);
      for (int64_t i = 0; i < wide_; i++) keys_[i * across + token] = key_[i] * root;
    }
    for (int64_t i = 0; i < wide_; i++)
      for (int64_t token = length; token < across; token++) keys_[i * across + token] = 0.0f;
    for (int64_t token = 0; token < length; token += QUERIES)
      some(std::min<int64_t>(QUERIES, length - token), token, length, across, mixed + token * hidden + from, hidden);
  }

 private:
  static constexpr int QUERIES = 4;

  // What some tokens see; fewer than QUERIES are filled up with the last one.
  void some(int64_t count, int64_t token, int64_t length, int64_t across, float* out, int64_t hidden) {
    const float* query[QUERIES];
    for (int one = 0; one < QUERIES; one++)
      query[one] = query_.data() + (token + std::min<int64_t>(one, count - 1)) * wide_;
    Eight all[QUERIES] = {};
    for (int64_t at = 0; at < across; at += 8) {
      Eight near[QUERIES] = {};
      const float* keys = keys_.data() + at;
      for (int64_t i = 0; i < wide_; i++, keys += across) {
        const Eight key = eight(keys);
        for (int one = 0; one < QUERIES; one++) near[one] += query[one][i] * key;
      }
      for (int one = 0; one < QUERIES; one++) {
        near[one] = raised(near[one]);
        for (int64_t beyond = length - at; beyond < 8; beyond++) near[one][beyond] = 0.0f;
        all[one] += near[one];
        put(near[one], near_.data() + one * across + at);
      }
    }
    float share[QUERIES];
    for (int one = 0; one < QUERIES; one++) share[one] = 1.0f / sum(all[one]);
    for (int64_t part = 0; part < wide_; part += LANES) {
      Eight low[QUERIES] = {}, high[QUERIES] = {};
      const float* value = value_.data() + part;
      for (int64_t i = 0; i < length; i++, value += wide_) {
        const Eight a = eight(value), b = eight(value + 8);
        for (int one = 0; one < QUERIES; one++) {
          low[one] += near_[one * across + i] * a;
          high[one] += near_[one * across + i] * b;
        }
      }
      for (int one = 0; one < count; one++) {
        put(low[one] * share[one], out + one * hidden + part);
        put(high[one] * share[one], out + one * hidden + part + 8);
      }
    }
  }

  int64_t wide_;
  std::vector<float> query_, key_, keys_, value_, near_;
};

}  // namespace cxstream
