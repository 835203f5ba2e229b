#pragma once

/**
 * Everything that a process test needs. A test includes this header alone:
 *
 *     #include "harness/Harness.hxx"
 *     using namespace harness;
 *
 *     TEST_CASE("two workers answer") {
 *         Cluster cluster({.options = {"-n", "2", "-p", "127.0.0.1:0"},
 *                          .command = {"/usr/bin/some-server"}});
 *         cluster.WaitUp();
 *         CHECK(Ask(cluster.Address(), "who") != "");
 *         CHECK(cluster.Stop() == Exited(0));
 *     }
 *
 * Process.hxx  starts the program, its events, its end, its leftovers
 * Net.hxx      free ports, clients for TCP, UDP, unix sockets and HTTP
 * Census.hxx   what /proc says: descriptors, descendants, environments
 * Wait.hxx     waiting for a condition, never for a time
 * Skip.hxx     how a test says that it cannot run here
 * TempDir.hxx  a directory that goes away with the test
 *
 * The library has the `main` of the test program in it. CLUSTERIZE names the binary under test.
 */

#include "harness/Census.hxx"
#include "harness/Net.hxx"
#include "harness/Process.hxx"
#include "harness/Skip.hxx"
#include "harness/TempDir.hxx"
#include "harness/Wait.hxx"

#include <doctest/doctest.h>
