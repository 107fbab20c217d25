// Input to come. Where synapses have delays of their own, what a spike adds arrives at many steps. It is written down, one arrival behind the
// other, in a list for each step to come, and added to the neurons when that step begins: both go through memory in one direction, where a ring of
// planes over the steps to come would be entered at random, a line of memory for every synapse.
//
// A list is a chain of pages of 4 KB from the stock of its thread, where a page goes back when it has been read: lists grow where the spikes go,
// and what is written next lies in the memory that was read last.
#pragma once
#include <cstddef>
#include <cstdint>

namespace proxon {

struct Arrival {
  int32_t target;
  float input;
};

struct alignas(4096) ArrivalPage {
  static constexpr size_t bytes = 4096;
  static constexpr size_t room = (bytes - 16) / sizeof(Arrival);
  ArrivalPage* next;
  alignas(16) Arrival arrivals[room];
};
static_assert(sizeof(ArrivalPage) == ArrivalPage::bytes);

/// Pages that are free, of one thread. Whoever adds to lists sees to it before that there are enough.
struct ArrivalStock {
  ArrivalPage* free = nullptr;
  int64_t count = 0;  ///< of free ones
};

/// What arrives at one step, in the order in which it was sent.
struct ArrivalList {
  Arrival* end = nullptr;  ///< where the next one is written; at the end of a page (or null): on a page to come
  ArrivalPage *first = nullptr, *last = nullptr;

  [[gnu::always_inline]] void add(int32_t target, float input, ArrivalStock& stock) {
    if (reinterpret_cast<uintptr_t>(end) % ArrivalPage::bytes == 0) [[unlikely]] turn(stock);
    __builtin_prefetch(end + 8, 1);  // the line after this one: it was last used a step ago
    *end++ = {target, input};
  }

 private:
  void turn(ArrivalStock& stock) {
    ArrivalPage* page = stock.free;
    stock.free = page->next, --stock.count;
    page->next = nullptr;
    (last ? last->next : first) = page;
    last = page;
    end = page->arrivals;
  }
};

}  // namespace proxon
