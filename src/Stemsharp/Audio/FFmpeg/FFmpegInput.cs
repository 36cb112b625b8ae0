namespace Stemsharp.Audio;

/// <summary>
/// The arguments that every input of ours gets: an absolute file name with the file protocol alone, and a list of
/// demuxers that read one file of audio or video and open nothing else. Playlists, concat scripts, manifests, devices,
/// image sequences and network protocols are not on it, whatever the file is called.
/// </summary>
internal static class FFmpegInput
{
    private const string Demuxers =
        "aac,ac3,adx,aiff,alaw,amr,amrnb,amrwb,ape,asf,ast,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,loas,lvf,"
        + "matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,mulaw,mxf,nut,ogg,oma,qcp,shn,sox,tak,truehd,tta,voc,w64,wav,webm,wsd,wtv,wv,xwma";

    /// <summary>Most bytes in one allocation inside FFmpeg: covers are bigger than any audio packet.</summary>
    private const string MaximumAllocation = "536870912";

    /// <summary>Options that ffmpeg takes first.</summary>
    public static string[] Common => ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", .. MemoryLimit];

    /// <summary>The bound of one allocation.</summary>
    public static string[] MemoryLimit => ["-max_alloc", MaximumAllocation];

    /// <summary>Options and name of an untrusted input.</summary>
    public static string[] Untrusted(string path) =>
        ["-protocol_whitelist", "file", "-format_whitelist", Demuxers, "-max_streams", "100", "-i", Name(path)];

    /// <summary>A file's name as FFmpeg takes it: never read as a protocol, an option or a pattern.</summary>
    public static string Name(string path) => "file:" + Path.GetFullPath(path);
}
