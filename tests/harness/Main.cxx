#define DOCTEST_CONFIG_IMPLEMENT
#include <csignal>
#include <cstdio>
#include <doctest/doctest.h>
#include <sys/prctl.h>

int main(int argc, char **argv) {
    // Orphans of the programs under test come here, so none can hide.
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        std::perror("PR_SET_CHILD_SUBREAPER");
        return 1;
    }
    return doctest::Context(argc, argv).run();
}
