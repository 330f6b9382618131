// A matrix product of whole numbers for processors that have AVX2 and no VNNI.

#pragma once

#include "rows.h"

#ifdef __AVX2__

#include <immintrin.h>

namespace cxstream {

// Columns of a panel: of the packed weight the four numbers of four inputs lie side by side, panel after panel.
constexpr int64_t COLUMNS = 16;
// Rows whose sums stay in registers.
constexpr int64_t TILE = 4;

// One panel: its packed numbers, and of its columns scale, sums of the weights (a row for each group) and bias.
struct Panel {
  const int8_t* numbers;
  const float *scale, *sums, *bias;
};

// Rows of numbers from 0 to 255, in groups that each bring unit and base.
struct Given {
  const uint8_t* numbers;
  const float* about;
  int64_t rows, depth, groups;

  Given from(int64_t row) const {
    return {numbers + row * depth, about + 2 * groups * row, rows - row, depth, groups};
  }
};

inline __m256i at(const int8_t* weights) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights)); }

inline __m256i four_times(const uint8_t* numbers, __m256i weights) {
  int32_t four;
  std::memcpy(&four, numbers, sizeof four);
  return _mm256_maddubs_epi16(_mm256_set1_epi32(four), weights);
}

// Some rows times one panel, into `out`, whose rows are `width` apart. Four products at a time are summed in 16 bits,
// for which the weights leave room (`weights.Panels`), then in 32, which is exact; groups in single precision.
template <int R>
void tile(const Given& given, const Panel& panel, float* out, int64_t width) {
  const __m256i ones = _mm256_set1_epi16(1);
  const int64_t size = given.depth / given.groups;
  const int8_t* weights = panel.numbers;
  for (int64_t group = 0; group < given.groups; group++) {
    __m256i all[R][2];
    for (int row = 0; row < R; row++) all[row][0] = all[row][1] = _mm256_setzero_si256();
    const uint8_t* numbers = given.numbers + group * size;
    for (int64_t i = 0; i < size; i += 8, weights += 8 * COLUMNS, numbers += 8) {
      const __m256i first[2] = {at(weights), at(weights + 32)}, second[2] = {at(weights + 64), at(weights + 96)};
      for (int row = 0; row < R; row++)
        for (int half = 0; half < 2; half++) {
          const uint8_t* mine = numbers + row * given.depth;
          const __m256i sums = _mm256_add_epi16(four_times(mine, first[half]), four_times(mine + 4, second[half]));
          all[row][half] = _mm256_add_epi32(all[row][half], _mm256_madd_epi16(sums, ones));
        }
    }
    for (int row = 0; row < R; row++) {
      const float* about = given.about + 2 * (row * given.groups + group);
      const __m256 unit = _mm256_set1_ps(about[0]), base = _mm256_set1_ps(about[1]);
      for (int half = 0; half < 2; half++) {
        const __m256 worth = _mm256_mul_ps(unit, _mm256_loadu_ps(panel.scale + 8 * half));
        const __m256 sums = _mm256_loadu_ps(panel.sums + group * width + 8 * half);
        // between groups in memory: registers are for the sums
        float* said = out + row * width + 8 * half;
        const __m256 before = _mm256_loadu_ps(group == 0 ? panel.bias + 8 * half : said);
        const __m256 more = _mm256_fmadd_ps(base, sums, before);
        _mm256_storeu_ps(said, _mm256_fmadd_ps(_mm256_cvtepi32_ps(all[row][half]), worth, more));
      }
    }
  }
}

// All rows times one panel, so many at a time as fit into registers.
inline void times(const Given& given, const Panel& panel, float* out, int64_t width) {
  int64_t row = 0;
  for (; row + TILE <= given.rows; row += TILE) tile<TILE>(given.from(row), panel, out + row * width, width);
  for (; row < given.rows; row++) tile<1>(given.from(row), panel, out + row * width, width);
}

}  // namespace cxstream

#endif
