// What a BERT's layers do between their matrix products, each as one pass over rows that stay in the cache; and
// the product of whole numbers that torch has none of for some processors.
//
// A row (attention: a text) is calculated by itself, in an order that its neighbours cannot change, so its bits
// are its own; torch's threads share rows, texts or columns. `build.py` compiles this, `passes.py` calls it.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>

#include "attention.h"
#include "products.h"
#include "rows.h"

namespace cxstream {
namespace {

using torch::stable::parallel_for;

// What is worth a thread of its own: so many rows, texts, panels.
constexpr int64_t SOME_ROWS = 64, SOME_TEXTS = 8, SOME_PANELS = 4;

// x times the share of a normal distribution that lies below it. The error function is a quotient of two
// polynomials, fitted over all that single precision can tell from one; it errs by 4e-7 at most.
inline float gated(float x) {
  const float z = std::min(std::max(x * 0.70710678f, -3.95f), 3.95f);
  const float u = z * z;
  float over = 2.0117363e-6f;
  over = over * u + 2.8760162e-4f;
  over = over * u + 3.9173567e-3f;
  over = over * u + 5.3207177e-2f;
  over = over * u + 1.9403658e-1f;
  over = over * u + 1.1283790f;
  float under = 3.7839699e-5f;
  under = under * u + 1.1982106e-3f;
  under = under * u + 1.5270778e-2f;
  under = under * u + 1.1559112e-1f;
  under = under * u + 5.0529193e-1f;
  under = under * u + 1.0f;
  return x < -5.6f ? 0.0f : 0.5f * x * (1.0f + z * over / under);
}

float sum_of(const float* x, int64_t width) {
  float lanes[LANES] = {};
  for (int64_t i = 0; i < width; i += LANES)
    for (int lane = 0; lane < LANES; lane++) lanes[lane] += x[i + lane];
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

// Queries, keys and values of all texts, which lie in `runs` (first row, texts, tokens of each), into `mixed`, or
// into whole numbers.
void attend(Tensor product, Perhaps about, Perhaps columns, Tensor runs, int64_t heads, Tensor mixed,
            Perhaps whole, Perhaps next) {
  const Rows rows(product, about, columns);
  const Numbers numbers(whole, next);
  const int64_t hidden = rows.width / 3, *run = numbers_of<int64_t>(runs), *end = run + runs.numel();
  std::vector<std::pair<int64_t, int64_t>> texts;  // first row and tokens of each
  int64_t longest = 0;
  for (; run < end; run += 3) {
    for (int64_t text = 0; text < run[1]; text++) texts.emplace_back(run[0] + text * run[2], run[2]);
    longest = std::max(longest, run[2]);
  }
  float* floats = numbers_of<float>(mixed);
  parallel_for(0, texts.size(), SOME_TEXTS, [&](int64_t from, int64_t to) {
    Head head(longest, hidden / heads);
    std::vector<float> room(numbers.wanted() ? longest * hidden : 0);
    for (; from < to; from++) {
      const auto [first, length] = texts[from];
      float* out = numbers.wanted() ? room.data() : floats + first * hidden;
      for (int64_t number = 0; number < heads; number++) head.look(rows, first, length, number, hidden, out);
      if (numbers.wanted())
        for (int64_t token = 0; token < length; token++) numbers.write(first + token, out + token * hidden, hidden);
    }
  });
}

// x becomes the norm (weight and shift) of its sum with the product.
void add_norm(Tensor product, Perhaps about, Perhaps columns, Tensor x, Tensor weight, Tensor shift, double epsilon,
              Perhaps whole, Perhaps next) {
  const Rows rows(product, about, columns);
  const Numbers numbers(whole, next);
  const int64_t width = rows.width;
  const float *times = numbers_of<float>(weight), *plus = numbers_of<float>(shift);
  float* all = numbers_of<float>(x);
  parallel_for(0, rows.count, SOME_ROWS, [&](int64_t row, int64_t end) {
    std::vector<float> sum(width), square(width);
    for (; row < end; row++) {
      float* mine = all + row * width;
      rows.read(row, 0, width, sum.data());
      for (int64_t i = 0; i < width; i++) sum[i] += mine[i];
      const float mean = sum_of(sum.data(), width) / width;
      for (int64_t i = 0; i < width; i++) {
        sum[i] -= mean;
        square[i] = sum[i] * sum[i];
      }
      const float per = 1.0f / std::sqrt(sum_of(square.data(), width) / width + static_cast<float>(epsilon));
      for (int64_t i = 0; i < width; i++) mine[i] = sum[i] * per * times[i] + plus[i];
      if (numbers.wanted()) numbers.write(row, mine, width);
    }
  });
}

// GELU of a product: in its place, or as whole numbers.
void gelu(Tensor product, Perhaps about, Perhaps columns, Perhaps whole, Perhaps next) {
  const Rows rows(product, about, columns);
  const Numbers numbers(whole, next);
  const int64_t width = rows.width;
  void* all = product.data_ptr();
  parallel_for(0, rows.count, SOME_ROWS, [&](int64_t row, int64_t end) {
    std::vector<float> room(width);
    for (; row < end; row++) {
      float* mine = numbers.wanted() ? room.data() : static_cast<float*>(all) + row * width;
      rows.read(row, 0, width, room.data());
      for (int64_t i = 0; i < width; i++) mine[i] = gated(room[i]);
      if (numbers.wanted()) numbers.write(row, mine, width);
    }
  });
}

// Rows as whole numbers.
void quantise(Tensor x, Tensor whole, Tensor about) {
  const Numbers numbers(whole, about);
  const int64_t width = x.size(1);
  const float* all = numbers_of<float>(x);
  parallel_for(0, x.size(0), SOME_ROWS, [&](int64_t row, int64_t end) {
    for (; row < end; row++) numbers.write(row, all + row * width, width);
  });
}

#ifdef __AVX2__

// Rows of numbers times a weight in panels (of each column: scale, sums of each group, bias), in single precision.
void multiply(Tensor numbers, Tensor about, Tensor panels, Tensor columns, Tensor out) {
  const Given given{numbers_of<uint8_t>(numbers), numbers_of<float>(about), numbers.size(0), numbers.size(1),
                    about.size(1) / 2};
  const int64_t width = out.size(1);
  const int8_t* weight = numbers_of<int8_t>(panels);
  const float* scale = numbers_of<float>(columns);
  float* to = numbers_of<float>(out);
  parallel_for(0, width / COLUMNS, SOME_PANELS, [&](int64_t number, int64_t end) {
    for (; number < end; number++) {
      const int64_t column = number * COLUMNS;
      const float *sums = scale + width + column, *bias = sums + given.groups * width;
      times(given, {weight + column * given.depth, scale + column, sums, bias}, to + column, width);
    }
  });
}

#endif

}  // namespace
}  // namespace cxstream

STABLE_TORCH_LIBRARY(cxstream, library) {
  library.def(
      "attend(Tensor product, Tensor? about, Tensor? columns, Tensor runs, int heads, Tensor(a!) mixed, "
      "Tensor(b!)? whole, Tensor(c!)? next) -> ()");
  library.def(
      "add_norm(Tensor product, Tensor? about, Tensor? columns, Tensor(a!) x, Tensor weight, Tensor shift, "
      "float epsilon, Tensor(b!)? whole, Tensor(c!)? next) -> ()");
  library.def(
      "gelu(Tensor(a!) product, Tensor? about, Tensor? columns, Tensor(b!)? whole, Tensor(c!)? next) -> ()");
  library.def("quantise(Tensor x, Tensor(a!) whole, Tensor(b!) about) -> ()");
#ifdef __AVX2__
  library.def("multiply(Tensor numbers, Tensor about, Tensor panels, Tensor columns, Tensor(a!) out) -> ()");
#endif
}

STABLE_TORCH_LIBRARY_IMPL(cxstream, CPU, library) {
  library.impl("attend", TORCH_BOX(&cxstream::attend));
  library.impl("add_norm", TORCH_BOX(&cxstream::add_norm));
  library.impl("gelu", TORCH_BOX(&cxstream::gelu));
  library.impl("quantise", TORCH_BOX(&cxstream::quantise));
#ifdef __AVX2__
  library.impl("multiply", TORCH_BOX(&cxstream::multiply));
#endif
}
