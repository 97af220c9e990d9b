# SYNOPSIS
#   X_PLUGINS
# DESCRIPTION
#   How to build what Slurm loads: PIC_FLAGS for every object that may get
#   into a plugin, PLUGIN_LDFLAGS for the plugin itself, and plugindir, where
#   they go. Shared objects without libtool: Slurm runs on Linux, and what is
#   built here is never linked with.
AC_DEFUN([X_PLUGINS], [
  AC_ARG_WITH([slurm-plugindir],
    [AS_HELP_STRING([--with-slurm-plugindir=DIR],
      [where Slurm's plugins go @<:@LIBDIR/slurm@:>@; name it in PluginDir= of
       slurm.conf when Slurm does not look there])],
    [plugindir=$withval], [plugindir='${libdir}/slurm'])
  AC_SUBST([plugindir])
  AC_SUBST([PIC_FLAGS], [-fPIC])
  AC_SUBST([PLUGIN_LDFLAGS], ["-shared -Wl,-z,relro -Wl,-z,now"])
])
