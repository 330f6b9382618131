// The small networks: heads and gists, of many texts at once, the light model, and the stream, utterance by utterance.
//
// Plain functions of C, which `calls.py` calls. What is calculated, and in which layout memories lie,
// `understand.heads`, `understand.light`, `understand.network` and `understand.memory` say.

#include <functional>
#include <iterator>

#include "dense.h"
#include "memory.h"

namespace cxstream {
namespace {

// The stream's weights; `measured` of `risk`'s inputs are measures of the facts.
struct Stream {
  uint8_t mark[8];
  int64_t units, learnt, measured, many;
  Layer customer, agent, hidden, risk;
  const Layer* actions;
};

// The light model: word vectors of its own, a network on their sum, and one that says how far to trust it.
struct Light {
  const int8_t* table;
  const float* scale;
  const uint8_t* known;
  int64_t wide, intents, tones, feelings, longest;
  Layer inner, outer, trust;
  const float* sure;
  double sure_bias;

  std::vector<float> doubts(const double* said, const int32_t* buckets, int64_t count) const {
    std::vector<double> best(said, said + intents), tone(said + intents, said + intents + tones), found;
    const double *felt = said + intents + tones, *end = felt + feelings;
    std::sort(best.begin(), best.end(), std::greater<>());
    std::sort(tone.begin(), tone.end(), std::greater<>());
    found = {best[0], best[1], tone[0], tone[1], -std::log(best[0] + 1e-9)};
    found.insert(found.end(), said + intents, felt);
    for (const double* one = felt; one < end; one++) found.push_back(std::min(*one, 0.5));
    for (const double* one = felt; one < end; one++) found.push_back(std::abs(*one - 0.5));
    const int64_t words = (count - 1) / 2;
    int64_t unknown = 0;
    for (const auto& [from, to] : {std::pair<int64_t, int64_t>{0, words}, {words, count}}) {
      double least = 255.0, all = 0.0;
      for (int64_t i = from; i < to; i++) {
        const double seen = known[buckets[i]] / 16.0;
        least = std::min(least, seen);
        all += seen;
        unknown += seen == 0.0;
      }
      found.push_back(least);
      found.push_back(all / (to - from));
    }
    found.push_back(words / 8.0);
    found.push_back(static_cast<double>(unknown) / count);
    found.insert(found.end(), said, said + intents);
    return {found.begin(), found.end()};
  }
};

}  // namespace
}  // namespace cxstream

using namespace cxstream;

extern "C" {

// What `calls.same_sizes` asks for: a wrong one would have C read beyond an array.
void cxstream_sizes(int64_t* sizes) {
  const int64_t all[] = {CHANNELS, KEPT, TOLD, GIVEN, sizeof(Layer), sizeof(Light), sizeof(Stream)};
  std::copy(std::begin(all), std::end(all), sizes);
}

// Rows through a head's layers, then a slope and an offset for each label, into probabilities: of one label out of
// many, or of each by itself.
void cxstream_head(const Layer* layers, int64_t count, const float* x, int64_t rows, const float* slope,
                   const float* shift, int32_t each, double* out) {
  const std::vector<float> found = through(layers, count, {x, x + rows * layers[0].depth}, rows);
  const int64_t width = layers[count - 1].width;
  std::vector<double> logits(width);
  for (int64_t row = 0; row < rows; row++, out += width) {
    for (int64_t i = 0; i < width; i++)
      logits[i] = static_cast<double>(found[row * width + i]) * slope[i] + shift[i];
    if (!each) shares(logits.data(), width, out);
    else
      for (int64_t i = 0; i < width; i++) out[i] = chance(logits[i]);
  }
}

// Rows stretched to the length of one.
void cxstream_unit(float* x, int64_t rows, int64_t width) {
  for (; rows > 0; rows--, x += width) {
    Eight squares = {};
    int64_t i = 0;
    for (; i + 8 <= width; i += 8) squares += eight(x + i) * eight(x + i);
    float all = sum(squares);
    for (; i < width; i++) all += x[i] * x[i];
    const float length = std::max(std::sqrt(all), 1e-12f);
    for (i = 0; i < width; i++) x[i] /= length;
  }
}

// What gists are made of, rows of it, into bytes: what is learnt, and the two that are given.
void cxstream_gists(const Layer* layer, const float* x, int64_t rows, float words, int8_t* out) {
  std::vector<float> found(rows * layer->width);
  layer->of(x, rows, found.data());
  const auto byte = [](float value) { return static_cast<int8_t>(std::nearbyint(value * 127.0f)); };
  for (int64_t row = 0; row < rows; row++, x += layer->depth) {
    for (int64_t i = 0; i < layer->width; i++) *out++ = byte(tanh_of(found[row * layer->width + i]));
    *out++ = byte(x[layer->depth - 2]);
    *out++ = byte(std::min(1.0f, words * x[layer->depth - 1] / 127.0f));
  }
}

// What the light model says of the words and pairs of a text: its numbers, its gist, how far it agrees.
void cxstream_light(const Light* light, const int32_t* buckets, int64_t count, double* said, int8_t* gist,
                    double* agreement) {
  const int64_t wide = light->wide, told = light->intents + light->tones + light->feelings;
  std::vector<float> summed(wide + 1), inside(light->inner.width), out(light->outer.width), felt(light->trust.width);
  for (int64_t one = 0; one < count; one++) {
    const int8_t* row = light->table + buckets[one] * wide;
    for (int64_t i = 0; i < wide; i++) summed[i] += light->scale[buckets[one]] * row[i];
  }
  for (int64_t i = 0; i < wide; i++) summed[i] /= std::sqrt(static_cast<float>(count));
  summed[wide] = static_cast<float>(count) / light->longest / 2;
  light->inner.of(summed.data(), 1, inside.data());
  for (float& x : inside) x = std::max(x, 0.0f);
  light->outer.of(inside.data(), 1, out.data());
  shares(out.data(), light->intents, said);
  shares(out.data() + light->intents, light->tones, said + light->intents);
  for (int64_t i = light->intents + light->tones; i < told; i++) said[i] = chance(out[i]);
  for (int64_t i = told; i < light->outer.width; i++)
    *gist++ = static_cast<int8_t>(std::nearbyint(std::clamp(out[i], -1.0f, 1.0f) * 127.0f));
  light->trust.of(light->doubts(said, buckets, count).data(), 1, felt.data());
  double sure = light->sure_bias;
  for (int64_t i = 0; i < light->trust.width; i++) sure += std::max(felt[i], 0.0f) * light->sure[i];
  *agreement = 1.0 / (1.0 + std::exp(-sure));
}

// The memory after one more utterance: its gist (nothing, where it has none) and ten numbers.
void cxstream_follow(const Stream* stream, const uint8_t* memory, const int8_t* gist, const float* channels,
                     int32_t acts, uint8_t* after) {
  const int64_t units = stream->units, learnt = stream->learnt;
  Memory held(units, memory);
  std::memcpy(held.mark, stream->mark, 8);
  std::vector<float> seen(learnt + CHANNELS), input(3 * units), before = held.numbers(), last(3 * units);
  float told[TOLD] = {};
  if (gist != nullptr) {
    for (int64_t i = 0; i < learnt; i++) seen[i] = gist[i] * BYTE;
    for (int64_t i = 0; i < TOLD; i++) told[i] = gist[learnt + GIVEN + i] * BYTE;
  }
  std::copy(channels, channels + CHANNELS, seen.begin() + learnt);
  (acts ? stream->agent : stream->customer).of(seen.data(), 1, input.data());
  stream->hidden.of(before.data(), 1, last.data());
  const auto some = [&](const std::vector<float>& from, int64_t start) {
    float room[8] = {};
    std::copy(from.begin() + start, from.begin() + std::min<int64_t>(start + 8, from.size()), room);
    return eight(room);
  };
  for (int64_t i = 0; i < units; i += 8) {
    const Eight reset = 1.0f / (1.0f + raised(-(some(input, i) + some(last, i))));
    const Eight update = 1.0f / (1.0f + raised(-(some(input, units + i) + some(last, units + i))));
    const Eight sums = some(input, 2 * units + i) + reset * some(last, 2 * units + i);
    const Eight fresh = 1.0f - 2.0f / (1.0f + raised(2.0f * sums));
    const Eight now = (1.0f - update) * fresh + update * some(before, i);
    for (int64_t one = 0; one < std::min<int64_t>(8, units - i); one++) held.units[i + one] = half(now[one]);
  }
  held.count(channels, told, acts);
  held.write(after);
}

// The log-odds of the outcomes.
void cxstream_odds(const Stream* stream, const uint8_t* memory, const float* measured, float* odds) {
  const Memory held(stream->units, memory);
  std::vector<float> seen(measured, measured + stream->measured);
  seen.push_back(std::log1p(static_cast<double>(held.customer)));
  seen.push_back(std::log1p(static_cast<double>(held.agent)));
  seen.insert(seen.end(), held.kept[0], held.kept[0] + KEPT * CHANNELS);
  const std::vector<float> numbers = held.numbers();
  seen.insert(seen.end(), numbers.begin(), numbers.end());
  seen.insert(seen.end(), held.told, held.told + TOLD);
  stream->risk.of(seen.data(), 1, odds);
}

// The likeliest of the agent's next actions, `count` at most, and their probabilities.
void cxstream_next(const Stream* stream, const uint8_t* memory, int64_t count, int32_t* labels, double* chances) {
  const std::vector<float> logits = through(stream->actions, stream->many, Memory(stream->units, memory).numbers(), 1);
  std::vector<double> all(logits.size());
  shares(logits.data(), logits.size(), all.data());
  std::vector<int32_t> order(logits.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = i;
  const auto end = order.begin() + std::min<int64_t>(count, order.size());
  std::partial_sort(order.begin(), end, order.end(),
                    [&](int32_t a, int32_t b) { return all[a] != all[b] ? all[a] > all[b] : a < b; });
  for (auto place = order.begin(); place != end; place++, labels++, chances++) {
    *labels = *place;
    *chances = all[*place];
  }
}

}  // extern "C"
