using System.Text;

namespace Stemsharp.Audio;

/// <summary>Tags as the text file that FFmpeg reads them from, so that no tag has to fit a command line.</summary>
internal static class FFmetadata
{
    /// <summary>The file's content.</summary>
    /// <param name="tags">Tags by generic name.</param>
    /// <param name="pictureAsTag">Whether the cover is written as the Vorbis comment METADATA_BLOCK_PICTURE, for Ogg files.</param>
    public static byte[] Write(AudioTags tags, bool pictureAsTag)
    {
        StringBuilder text = new(";FFMETADATA1\n");
        foreach ((string name, string value) in tags.Values)
        {
            Append(name, value);
        }

        if (pictureAsTag && tags.Cover is { } cover)
        {
            Append("METADATA_BLOCK_PICTURE", Convert.ToBase64String(VorbisComments.PictureBlock(cover)));
        }

        return Encoding.UTF8.GetBytes(text.ToString());

        void Append(string name, string value)
        {
            Escape(name);
            text.Append('=');
            Escape(value);
            text.Append('\n');
        }

        void Escape(string part)
        {
            foreach (char c in part)
            {
                if (c is '=' or ';' or '#' or '\\' or '\n')
                {
                    text.Append('\\');
                }

                if (c is not ('\0' or '\r'))
                {
                    text.Append(c);
                }
            }
        }
    }
}
