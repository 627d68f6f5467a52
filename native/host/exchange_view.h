// The exchange seen from the core: reads what TypeScript submitted, writes what completed. Whatever stands in
// the words TypeScript writes, nothing outside the rings is touched.
#ifndef CORIOLIS_HOST_EXCHANGE_VIEW_H_
#define CORIOLIS_HOST_EXCHANGE_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../exchange.h"
#include "../proactor/proactor.h"

namespace coriolis {

class ExchangeView {
 public:
  static constexpr size_t kSubmissionsAt = layout::kHeaderWords;
  static constexpr size_t kCompletionsAt =
      kSubmissionsAt + size_t{layout::kSubmissionCapacity} * layout::kSubmissionWords;
  static constexpr size_t kBytes =
      sizeof(uint32_t) * (kCompletionsAt + size_t{layout::kCompletionCapacity} * layout::kCompletionWords);

  explicit ExchangeView(void* memory) : words_(static_cast<uint32_t*>(memory)) {}

  bool Ready() const { return words_[layout::kReady] != 0; }
  bool Paused() const { return words_[layout::kPaused] != 0; }
  // Milliseconds of loop time; Infinity: none.
  double Deadline() const {
    double deadline;
    memcpy(&deadline, words_ + layout::kDeadline, sizeof(deadline));
    return deadline;
  }
  void Set(uint32_t header_word, uint32_t value) { words_[header_word] = value; }
  void Increment(uint32_t header_word) { words_[header_word]++; }

  // A tail out of the ring's reach is no submission at all.
  bool HasSubmissions() const {
    const uint32_t waiting = words_[layout::kSubmissionTail] - words_[layout::kSubmissionHead];
    return waiting != 0 && waiting <= layout::kSubmissionCapacity;
  }
  // The oldest submission's words.
  const uint32_t* Submission() const {
    const size_t index = words_[layout::kSubmissionHead] & (layout::kSubmissionCapacity - 1);
    return words_ + kSubmissionsAt + index * layout::kSubmissionWords;
  }
  void TakeSubmission() { words_[layout::kSubmissionHead]++; }

  // Completions that TypeScript has not taken.
  uint32_t Unread() const {
    const uint32_t unread = words_[layout::kCompletionTail] - words_[layout::kCompletionHead];
    return unread < layout::kCompletionCapacity ? unread : layout::kCompletionCapacity;
  }
  // Room for completions, up to the end of the ring's memory.
  uint32_t ContiguousRoom() const {
    const uint32_t room = layout::kCompletionCapacity - Unread();
    const uint32_t until_end =
        layout::kCompletionCapacity - (words_[layout::kCompletionTail] & (layout::kCompletionCapacity - 1));
    return room < until_end ? room : until_end;
  }
  // Where the next completions go. Valid for ContiguousRoom of them.
  Completion* NextCompletion() { return CompletionAt(words_[layout::kCompletionTail]); }
  void AddCompletions(uint32_t count) { words_[layout::kCompletionTail] += count; }
  // The oldest unread completion; Unread says whether there is one.
  const Completion& OldestCompletion() { return *CompletionAt(words_[layout::kCompletionHead]); }
  void TakeCompletion() { words_[layout::kCompletionHead]++; }

 private:
  Completion* CompletionAt(uint32_t counter) {
    const size_t index = counter & (layout::kCompletionCapacity - 1);
    return reinterpret_cast<Completion*>(words_ + kCompletionsAt + index * layout::kCompletionWords);
  }

  uint32_t* words_;
};

}  // namespace coriolis

#endif  // CORIOLIS_HOST_EXCHANGE_VIEW_H_
