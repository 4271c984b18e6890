module actionkit-bench-peer

go 1.26

require github.com/steadybit/action-kit/go/action_kit_sdk v1.4.1
