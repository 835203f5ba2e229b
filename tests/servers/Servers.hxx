#pragma once

#include <span>
#include <string_view>
#include <vector>

/** How a server is asked for the id of the process that answers. */
enum class Asked { HTTP, FASTCGI, DATAGRAM };

/**
 * One real server, as it comes from its package, and how it is put behind clusterize.
 *
 * In all texts @DIR@ is the directory of the run, which holds the server's files, @BUILT@ that of
 * what was compiled, @APPS@ the sources, @PORT@ a free port, @ADDRESS@ `host` with that port,
 * @SYSTEMD_SERVER@ the program of this directory that uses libsystemd, @NPM@ the directory of the
 * programs that npm has installed. Braces are left to clusterize.
 */
struct Server {
    std::string_view name;

    /** Has to be there, or the server is skipped; and the package that brings it. */
    std::string_view program, package;

    /**
     * The listener: "-p" or "-l" and its value, whatever selects the contract. None where the
     * server is told its port in its own way, and adoption does the rest.
     */
    std::vector<std::string_view> options = {};
    std::vector<std::string_view> command;

    /** Files of apps/ that go into the directory of the run. */
    std::vector<std::string_view> files = {};

    /** What clusterize ends with after TERM. */
    int stop_status = 0;

    Asked asked = Asked::HTTP;

    /** What @ADDRESS@ is made of; a client goes to 127.0.0.1 all the same. */
    std::string_view host = "127.0.0.1";

    /** What has to show that a worker is ready; empty: whatever comes first. */
    std::string_view ready_by = {};

    /** Whether the main process itself answers, and not one that it starts. */
    bool answers_itself = true;

    /** What is asked for over HTTP. */
    std::string_view path = "/";

    /** A compiler and its arguments, run once before the server's trials. */
    std::vector<std::string_view> build = {};
};

/** Those that find their listener by a contract. */
std::span<const Server> Servers();

/** Those that know no contract and bind a fixed port. */
std::span<const Server> AdoptedServers();
