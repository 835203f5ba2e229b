#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdio>

namespace {

/** One line as each test case begins and one as it ends, written at once: where an executable hangs
 *  or dies, the log tells in which. */
class Progress : public doctest::IReporter {
public:
    explicit Progress(const doctest::ContextOptions &) {}

    void report_query(const doctest::QueryData &) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats &) override {}

    void test_case_start(const doctest::TestCaseData &data) override {
        name = data.m_name;
        std::printf("RUNNING: %s\n", name);
        std::fflush(stdout);
    }

    void test_case_reenter(const doctest::TestCaseData &) override {}

    void test_case_end(const doctest::CurrentTestCaseStats &stats) override {
        std::printf("%s: %s (%.3f s)\n", stats.testCaseSuccess ? "PASSED" : "FAILED", name,
                    stats.seconds);
        std::fflush(stdout);
    }

    void test_case_exception(const doctest::TestCaseException &) override {}
    void subcase_start(const doctest::SubcaseSignature &) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData &) override {}
    void log_message(const doctest::MessageData &) override {}
    void test_case_skipped(const doctest::TestCaseData &) override {}

private:
    const char *name = "";
};

} // namespace

REGISTER_LISTENER("progress", 1, Progress);
