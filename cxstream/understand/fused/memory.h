// What the stream remembers of a conversation: its bytes, as `understand.memory` lays them out.

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace cxstream {

// Half precision, to single and back, rounded to the nearest, to the even one of two; only finite numbers come.
inline float single(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;
  const float size = std::bit_cast<float>(bits) * 0x1p112f;
  return half & 0x8000 ? -size : size;
}

inline uint16_t half(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), sign = bits >> 16 & 0x8000;
  uint32_t size = bits & 0x7fffffff;
  if (size < 0x38800000) {  // too small for its exponent: added to one half, its last bits are whole steps
    const float steps = std::bit_cast<float>(size) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(steps) - 0x3f000000);
  }
  size += 0xc8000fff + (size >> 13 & 1);
  return sign | static_cast<uint16_t>(std::min(size >> 13, 0x7bffu));
}

constexpr int64_t CHANNELS = 10, KEPT = 5, TOLD = 3, GIVEN = 2;
constexpr float RECENT = 0.4f, BYTE = 1.0f / 127.0f;

// A memory's bytes: a mark, how many utterances of customer and agent, units in half precision, sums, what was told.
struct Memory {
  uint8_t mark[8];
  uint16_t customer = 0, agent = 0;
  std::vector<uint16_t> units;
  float kept[KEPT][CHANNELS] = {}, told[TOLD] = {};

  Memory(int64_t size, const uint8_t* bytes) : units(size) {
    if (bytes == nullptr) return;
    std::memcpy(mark, bytes, 8);
    std::memcpy(&customer, bytes + 8, 2);
    std::memcpy(&agent, bytes + 10, 2);
    std::memcpy(units.data(), bytes + 12, 2 * size);
    std::memcpy(kept, bytes + 12 + 2 * size, sizeof kept);
    std::memcpy(told, bytes + 12 + 2 * size + sizeof kept, sizeof told);
  }

  void write(uint8_t* bytes) const {
    const int64_t size = units.size();
    std::memcpy(bytes, mark, 8);
    std::memcpy(bytes + 8, &customer, 2);
    std::memcpy(bytes + 10, &agent, 2);
    std::memcpy(bytes + 12, units.data(), 2 * size);
    std::memcpy(bytes + 12 + 2 * size, kept, sizeof kept);
    std::memcpy(bytes + 12 + 2 * size + sizeof kept, told, sizeof told);
  }

  std::vector<float> numbers() const {
    std::vector<float> found(units.size());
    std::transform(units.begin(), units.end(), found.begin(), single);
    return found;
  }

  void count(const float* seen, const float* heard, bool acts) {
    uint16_t& turns = acts ? agent : customer;
    turns = std::min(65534, static_cast<int>(turns)) + 1;
    const float share = turns > 1 ? RECENT : 1.0f, all = turns;
    float *mean = kept[acts ? 3 : 0], *recent = mean + CHANNELS, *highest = kept[2];
    for (int64_t i = 0; i < CHANNELS; i++) {
      mean[i] += (seen[i] - mean[i]) / all;
      recent[i] += (seen[i] - recent[i]) * share;
      if (!acts) highest[i] = turns == 1 ? seen[i] : std::max(highest[i], seen[i]);
    }
    if (!acts)
      for (int64_t i = 0; i < TOLD; i++) told[i] += (heard[i] - told[i]) / all;
  }
};

}  // namespace cxstream
