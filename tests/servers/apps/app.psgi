sub {
    my $body = "$$\n";
    [200, ["Content-Type", "text/plain", "Content-Length", length $body], [$body]];
}
