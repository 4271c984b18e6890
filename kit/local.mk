# The kit for tests of actions: one object of it and of all of the library, to be linked instead of
# that. Static only: a test runs where it was built.
include_HEADERS += kit/actionkit-test.h
dist_man_MANS += kit/actionkit-test.3
pkgconfig_DATA += kit/actionkit-test.pc

noinst_LTLIBRARIES += libkit.la
libkit_la_LIBTOOLFLAGS = $(CONVENIENCE)
libkit_la_SOURCES = \
	kit/answers.c \
	kit/calls.c \
	kit/clock.c \
	kit/death.c \
	kit/kit.h \
	kit/test.c \
	kit/work.c

KIT_LIBS = libkit.la $(LIBRARY_LIBS)
kit/.libs/library.o: $(KIT_LIBS) core/one_object.sh
	$(AM_V_GEN)$(ONE_OBJECT) kit/library.lo $(KIT_LIBS)

lib_LIBRARIES += libactionkit-test.a
libactionkit_test_a_SOURCES =
libactionkit_test_a_LIBADD = kit/.libs/library.o
