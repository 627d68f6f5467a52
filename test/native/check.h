// Checks and the list of tests. A failed check is printed and counted, and the test goes on, except for
// REQUIRE.
#ifndef CORIOLIS_TEST_CHECK_H_
#define CORIOLIS_TEST_CHECK_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace coriolis::test {

class Driver;

struct Test {
  const char* name;
  void (*run)();                   // or
  void (*run_on)(Driver& driver);  // once for each backend
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

struct Registration {
  Registration(const char* name, void (*run)()) { Tests().push_back({name, run, nullptr}); }
  Registration(const char* name, void (*run_on)(Driver&)) { Tests().push_back({name, nullptr, run_on}); }
};

// Failed checks so far.
inline int& Failures() {
  static int failures = 0;
  return failures;
}

inline bool Report(const char* file, int line, const std::string& text) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
  ++Failures();
  return false;
}

template <typename A, typename B>
bool CheckEqual(const char* file, int line, const char* text, const A& actual, const B& expected) {
  if (actual == static_cast<A>(expected)) return true;
  return Report(file, line,
                std::string(text) + ": " + std::to_string(actual) + ", not " + std::to_string(expected));
}

}  // namespace coriolis::test

#define CHECK(condition) \
  static_cast<void>((condition) || ::coriolis::test::Report(__FILE__, __LINE__, "not true: " #condition))
#define CHECK_EQ(actual, expected) \
  static_cast<void>(::coriolis::test::CheckEqual(__FILE__, __LINE__, #actual, (actual), (expected)))
#define REQUIRE(condition)                                                   \
  do {                                                                       \
    if (!(condition)) {                                                      \
      ::coriolis::test::Report(__FILE__, __LINE__, "not true: " #condition); \
      return;                                                                \
    }                                                                        \
  } while (false)

// TEST(Name) { ... } runs once; TEST_EACH_BACKEND(Name) { ... `driver` ... } once for each backend there is.
#define TEST(name)                                                          \
  static void name();                                                       \
  static const ::coriolis::test::Registration register_##name(#name, name); \
  static void name()
#define TEST_EACH_BACKEND(name)                                             \
  static void name(::coriolis::test::Driver& driver);                       \
  static const ::coriolis::test::Registration register_##name(#name, name); \
  static void name([[maybe_unused]] ::coriolis::test::Driver& driver)

#endif  // CORIOLIS_TEST_CHECK_H_
